import type { AdminProgress, AdminResult } from '@bakehouse/admin-api';
import { adminOf } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import { type Command, usualExitCodes } from '../command.ts';
import { progressPrinter } from '../terminal/progress.ts';
import { bytesText } from '../terminal/table.ts';

export const pruneCommand: Command = {
  name: 'prune',
  usage: '',
  argumentsMax: 0,
  summary: 'free the blocks that nothing needs any more',
  help: 'Safe at any time, also while snapshots are being made. The server prunes after deletions too.',
  async run({ terminal, options, signal, env }) {
    const admin = await adminOf(await findConnection(env));
    const result = await admin.call('Prune', {}, { signal });
    const { removedMaps, removedChunks, freedBytes } = result;
    if (options.json) terminal.print(JSON.stringify(result));
    else {
      const what = `${removedMaps} maps and ${removedChunks} chunks removed`;
      terminal.print(`${bytesText(freedBytes)} freed: ${what}`);
    }
    return 0;
  },
};

type Problem = AdminResult<'Verify'>['problems'][number];

function problemText({ what, name, problem, usedBy, touches }: Problem): string {
  const users = touches.length > 0 ? touches : usedBy;
  return `${what} ${name}: ${problem}${users.length > 0 ? ` (used by ${users.join(', ')})` : ''}`;
}

export const verifyCommand: Command = {
  name: 'verify',
  usage: '',
  argumentsMax: 0,
  summary: 'read every chunk and map and say what is wrong',
  help: 'Damaged blocks of the store are never served: reads of them fail. A damaged hot map is given up.',
  exitCodes: { ...usualExitCodes, 1: 'failed, or something is damaged' },
  async run({ terminal, options, signal, env }) {
    const admin = await adminOf(await findConnection(env));
    const progress = progressPrinter(terminal);
    const onProgress = ({ doneBytes, totalBytes }: AdminProgress<'Verify'>) =>
      progress.update({ label: 'reading', fraction: doneBytes / Math.max(1, totalBytes) });
    const result = await admin.call('Verify', {}, { signal, onProgress });
    progress.end();
    if (options.json) terminal.print(JSON.stringify(result));
    else {
      for (const problem of result.problems) terminal.print(problemText(problem));
      const { checkedChunks, checkedMaps, problems } = result;
      terminal.print(
        `${checkedChunks} chunks and ${checkedMaps} maps read, ${problems.length} problems`,
      );
    }
    return result.problems.length === 0 ? 0 : 1;
  },
};
