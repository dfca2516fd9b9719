import type { Connection } from '../client/connection.ts';
import { ec2Client } from '../client/ec2.ts';
import { findInstance } from '../client/find-instance.ts';
import { fetchHealth } from '../client/health.ts';
import { type Command, CommandFailedError, usualExitCodes } from '../command.ts';
import { findPrivateKey } from '../launch/key-files.ts';
import { sshTargetOf } from '../launch/ssh-target.ts';
import { logIn } from '../ssh/log-in.ts';
import { guestUser, sshCommand } from '../ssh/ssh-command.ts';
import { shellCommand } from '../terminal/shell-quote.ts';
import { connectionFor, printJson, regionHelp, regionOption, textOption } from './options.ts';

async function requireGuests({ endpoint }: Connection, instanceId: string, signal: AbortSignal) {
  if ((await fetchHealth(endpoint, signal)).compute !== 'simulated') return;
  throw new CommandFailedError(
    `${instanceId} is simulated: there is no guest to log in to; 'bakehouse serve' without --compute simulated has real ones`,
  );
}

export const sshSessionCommand: Command = {
  name: 'ssh',
  usage: 'INSTANCE [-- COMMAND …]',
  argumentsMax: Infinity,
  summary: 'log in to an instance, or run a command there',
  help: `
INSTANCE is an id, the beginning of one, a Name tag or an address. The key is looked up by the
instance's key pair.

  bakehouse ssh web
  bakehouse ssh web -- sudo systemctl status
  bakehouse ssh web -- tar c /etc > etc.tar`,
  jsonHelp: 'print the ssh command as JSON instead of running it',
  exitCodes: {
    ...usualExitCodes,
    1: 'there is no such instance, it does not run, or its port of ssh is not open',
    others: "those of the command, and 255 for ssh's own failures",
  },
  options: {
    identity: { type: 'string', short: 'i' },
    user: { type: 'string' },
    print: { type: 'boolean' },
    ...regionOption,
  },
  optionHelp: {
    identity: 'FILE: private key, where it is not kept in the data folder',
    user: `who to log in as (${guestUser})`,
    print: 'print the ssh command instead of running it',
    ...regionHelp,
  },
  completes: 'instances',
  async run({ args: [query, ...command], options, terminal, signal, env }) {
    const connection = await connectionFor({ options, env });
    const row = await findInstance(await ec2Client(connection), query, signal);
    if (row.state !== 'running' || !row.publicIp) {
      const way = row.state === 'stopped' ? `; 'bakehouse start ${query}' starts it` : '';
      throw new CommandFailedError(`${row.instanceId} is ${row.state}${way}`);
    }
    const { dataDirectory } = connection;
    const privateKeyPath =
      textOption(options, 'identity') ?? (await findPrivateKey(dataDirectory, row.keyName));
    const user = textOption(options, 'user');
    const identity = { ...(privateKeyPath ? { privateKeyPath } : {}), ...(user ? { user } : {}) };
    const target = sshTargetOf(connection, row, identity);
    const words = [...sshCommand(target), ...command];
    if (options.json) printJson({ terminal }, { instanceId: row.instanceId, command: words });
    else if (options.print) terminal.print(shellCommand(words));
    else {
      await requireGuests(connection, row.instanceId, signal);
      return await logIn(target, command, env);
    }
    return 0;
  },
};
