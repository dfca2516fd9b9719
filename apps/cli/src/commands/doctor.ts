import type { Check, CheckStatus } from '@bakehouse/server';
import { adminOf } from '../client/admin.ts';
import { environmentFor, findConnection } from '../client/connection.ts';
import { type Command, usualExitCodes } from '../command.ts';
import type { Style, Terminal } from '../terminal/terminal.ts';
import { printJson } from './options.ts';
import { serveArguments, serveOptionHelp, serveOptions } from './serve.ts';

const marks: Readonly<Record<CheckStatus, { readonly text: string; readonly style: Style }>> = {
  ok: { text: 'ok  ', style: 'green' },
  warn: { text: 'warn', style: 'yellow' },
  fail: { text: 'FAIL', style: 'red' },
};

export function checkLines(checks: readonly Check[], style: Terminal['style']): string[] {
  const width = Math.max(...checks.map(({ area, name }) => area.length + name.length + 1));
  return checks.flatMap(({ area, name, status, detail, remedy }) => {
    const mark = style(marks[status].style, marks[status].text);
    const line = `${mark}  ${`${area} ${name}`.padEnd(width)}  ${detail}`;
    return remedy ? [line, `      ${''.padEnd(width)}  → ${remedy}`] : [line];
  });
}

export const doctorCommand: Command = {
  name: 'doctor',
  usage: '[--fix]',
  argumentsMax: 0,
  summary: 'check this machine and the data folder, and say how to fix what is wrong',
  help: `
Checks Node, memory, disk, whether KVM really runs a guest, tools, what the kernel gives the network, rights,
the data folder, and leftovers: processes, interfaces, sockets and files that no record names. Takes some
seconds.

  bakehouse doctor
  bakehouse doctor --fix             # also ends and removes leftovers

The settings are those of the server that is meant, as in \`bakehouse serve --help\`.`,
  exitCodes: { ...usualExitCodes, 0: 'nothing fails; there may be warnings', 1: 'something fails' },
  options: { fix: { type: 'boolean' }, ...serveOptions },
  optionHelp: { fix: 'remove leftovers; changes nothing else', ...serveOptionHelp },
  async run({ options, terminal, signal, env }) {
    const { examine, readConfig, tryUserNamespace } = await import('@bakehouse/server');
    const config = readConfig(serveArguments(options), env);
    await tryUserNamespace(config);
    const fix = options.fix === true;
    const admin = async () =>
      await adminOf(await findConnection(environmentFor(config.dataDirectory, env)));
    const askServer = async () => (await admin()).call('Leftovers', { fix }, { signal });
    const askParkedWork = async () =>
      (await (await admin()).call('WorkflowList', { status: 'parked' }, { signal })).workflows;
    terminal.transient('examining the machine …');
    const checks = await examine(config, { fix, askServer, askParkedWork });
    terminal.transient(undefined);
    const failed = checks.filter(({ status }) => status === 'fail').length;
    if (options.json) printJson({ terminal }, checks);
    else {
      for (const line of checkLines(checks, terminal.style)) terminal.print(line);
      terminal.print(failed === 0 ? 'ready' : `${failed} to fix`);
    }
    return failed === 0 ? 0 : 1;
  },
};
