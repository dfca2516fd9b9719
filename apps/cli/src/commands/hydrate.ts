import type { AdminProgress } from '@bakehouse/admin-api';
import { isResourceId } from '@bakehouse/base';
import { adminOf } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import { type Command, CommandUsageError } from '../command.ts';
import { progressPrinter } from '../terminal/progress.ts';
import { printJson, waitHelp, waitOptions } from './options.ts';

export const hydrateCommand: Command = {
  name: 'hydrate',
  usage: 'VOLUME [--no-wait]',
  argumentsMax: 1,
  summary: 'fill a volume so that it needs the block store no more',
  help: `
A volume of a snapshot or an image can be used at once, as its blocks are fetched when they are first read.
This copies all that is left, in the background, also while a guest uses the volume. It takes the volume's
content in disk space. Ctrl-C ends only the waiting. Snapshots, stops and detachments interrupt it, and it
goes on after them and after a restart of the server.

  bakehouse hydrate vol-0123456789abcdef0`,
  options: waitOptions,
  optionHelp: waitHelp,
  async run({ args: [volumeId], terminal, options, signal, env }) {
    if (!volumeId) throw new CommandUsageError('name a volume: bakehouse hydrate vol-…');
    if (!isResourceId('vol', volumeId)) {
      throw new CommandUsageError(`'${volumeId}' is no volume id; 'bakehouse volumes' lists them`);
    }
    const admin = await adminOf(await findConnection(env));
    const input = { volumeId, wait: options['no-wait'] !== true };
    const progress = progressPrinter(terminal);
    try {
      const onProgress = ({ progressPercent }: AdminProgress<'Hydrate'>) =>
        progress.update({ label: volumeId, fraction: progressPercent / 100 });
      const result = await admin.call('Hydrate', input, { signal, onProgress });
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
