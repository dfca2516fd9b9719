import { adminOf, lastEvent } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import { type Command, CommandUsageError } from '../command.ts';
import { progressPrinter } from '../terminal/progress.ts';
import { printJson, waitHelp, waitOptions } from './options.ts';

interface Hydrated {
  readonly volumeId: string;
  readonly state: 'initializing' | 'completed';
  readonly progressPercent: number;
}

export const hydrate: Command = {
  name: 'hydrate',
  usage: 'VOLUME [--no-wait]',
  summary: 'fill a volume so that it needs the block store no more',
  help: `
A volume of a snapshot or an image can be used at once, as its blocks are fetched when they are first read.
This copies all that is left, in the background, also while a guest uses the volume. It takes the volume's
content in disk space. Ctrl-C ends only the waiting. Snapshots, stops and detachments interrupt it, and it
goes on after them and after a restart of the server.

  bakehouse hydrate vol-0123456789abcdef0`,
  options: waitOptions,
  optionHelp: waitHelp,
  async run({ args: [volumeId], terminal, options, signal }) {
    if (!volumeId) throw new CommandUsageError('name a volume: bakehouse hydrate vol-…');
    const admin = await adminOf(await findConnection(process.env));
    const input = { volumeId, wait: options['no-wait'] !== true };
    const progress = progressPrinter(terminal);
    try {
      const events = admin.callStreaming('Hydrate', input, { signal });
      const result = await lastEvent<Hydrated>(events, (event) => {
        const { progressPercent } = event as Hydrated;
        progress.update({ label: volumeId, fraction: progressPercent / 100 });
      });
      progress.end();
      if (options.json) printJson({ terminal }, result);
      else if (result.state === 'completed') terminal.print(`${volumeId} has all of its content`);
      else terminal.print(`${volumeId} is being filled: ${result.progressPercent} %`);
      return 0;
    } finally {
      progress.end();
    }
  },
};
