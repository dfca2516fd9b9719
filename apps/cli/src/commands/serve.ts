import { serveSettings } from '@bakehouse/server/settings';
import type { Command, Invocation } from '../command.ts';

const rows = Object.entries(serveSettings).map(
  ([name, { flag, environment, help }]) => `  --${name} ${flag}\n      ${help} [${environment}]`,
);

/** The settings as options for the commands that start or examine a server. */
export const serveOptions = Object.fromEntries(
  Object.keys(serveSettings).map((name) => [name, { type: 'string' as const }]),
);

export const serveOptionHelp = Object.fromEntries(
  Object.entries(serveSettings).map(([name, { flag, help }]) => [name, `${flag}: ${help}`]),
);

/** The words of `serve` for the options that were given. */
export function serveArguments(options: Invocation['options']): string[] {
  return Object.keys(serveSettings).flatMap((name) => {
    const value = options[name];
    return typeof value === 'string' ? [`--${name}`, value] : [];
  });
}

export const serveCommand: Command = {
  name: 'serve',
  usage: '[--data DIR] [--listen HOST:PORT] …',
  argumentsMax: Infinity,
  summary: 'start the platform',
  help: [
    'Serves until SIGTERM or Ctrl-C; guests keep running and are found again by the next server.',
    'Prints `bakehouse ready URL` when all of it is ready, or as a standby. Each setting also by environment:',
    '',
    ...rows,
  ].join('\n'),
  exitCodes: {
    0: 'it was asked to stop',
    1: 'any other failure, which it names: a full disk, the database, the network, a helper, a close that takes too long',
    2: 'misused, the host lacks what real guests need, or the data folder and its records are refused',
    75: 'it lost its lease in the database, and another server may be active: start it again',
  },
  raw: true,
  async run({ args }) {
    const { runServer } = await import('@bakehouse/server');
    return process.exit(await runServer(args));
  },
};
