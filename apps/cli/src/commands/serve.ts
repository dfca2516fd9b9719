import { runServer, serveSettings } from '@bakehouse/server';
import type { Command } from '../command.ts';

const rows = Object.entries(serveSettings).map(
  ([name, { flag, environment, help }]) => `  --${name} ${flag}\n      ${help} [${environment}]`,
);

export const serve: Command = {
  name: 'serve',
  usage: '[--data DIR] [--listen HOST:PORT] …',
  summary: 'start the platform',
  help: [
    'Serves until SIGTERM or Ctrl-C; guests keep running and are found again by the next server.',
    'Prints `bakehouse ready URL` when it serves. Each setting also by environment:',
    '',
    ...rows,
  ].join('\n'),
  raw: true,
  run: async ({ args }) => process.exit(await runServer(args)),
};
