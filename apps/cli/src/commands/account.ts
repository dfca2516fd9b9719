import { adminOf, checkedInput } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal/table.ts';
import { textOption } from './options.ts';

export const accountCreateCommand: Command = {
  name: 'account create',
  usage: '[ACCOUNT-ID] [--name TEXT]',
  argumentsMax: 1,
  summary: 'make an account, or a further access key of one',
  help: `
Makes a new account, also for an ACCOUNT-ID that no account has. For an account that exists, makes a further key
instead, and the output says so. The secret is shown this once.`,
  options: { name: { type: 'string' } },
  optionHelp: { name: 'what the account is called' },
  async run({ args, terminal, options, signal, env }) {
    const [accountId] = args;
    const name = textOption(options, 'name');
    const given = {
      ...(accountId === undefined ? {} : { accountId }),
      ...(name === undefined ? {} : { name }),
    };
    const words = { accountId: 'ACCOUNT-ID', name: '--name' };
    const input = await checkedInput('AccountCreate', given, words);
    const admin = await adminOf(await findConnection(env));
    const made = await admin.call('AccountCreate', input, { signal });
    if (options.json) terminal.print(JSON.stringify(made));
    else {
      terminal.print(
        `account            ${made.accountId} (${made.isNew ? 'new' : 'a further key'})`,
      );
      terminal.print(`access key id      ${made.accessKeyId}`);
      terminal.print(`secret access key  ${made.secretAccessKey}`);
    }
    return 0;
  },
};

export const accountListCommand: Command = {
  name: 'account list',
  usage: '',
  argumentsMax: 0,
  summary: 'list accounts and their keys',
  help: 'Shows the public halves of the keys only.',
  async run({ terminal, options, signal, env }) {
    const admin = await adminOf(await findConnection(env));
    const result = await admin.call('AccountList', {}, { signal });
    if (options.json) terminal.print(JSON.stringify(result));
    else {
      const rows = result.accounts.map(({ accountId, name, ownerAlias = '', accessKeyIds }) => [
        accountId,
        name,
        ownerAlias,
        accessKeyIds.join(' '),
      ]);
      for (const line of table(['ACCOUNT', 'NAME', 'ALIAS', 'KEYS'], rows)) terminal.print(line);
    }
    return 0;
  },
};
