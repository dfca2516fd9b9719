import { adminOf, lastEvent } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { progressPrinter } from '../terminal/progress.ts';
import { bytesText } from '../terminal/table.ts';

interface Pruned {
  readonly removedMaps: number;
  readonly removedChunks: number;
  readonly freedBytes: number;
}

export const prune: Command = {
  name: 'prune',
  usage: '',
  summary: 'free the blocks that nothing needs any more',
  help: 'Safe at any time, also while snapshots are being made. The server prunes after deletions too.',
  async run({ terminal, options, signal }) {
    const admin = await adminOf(await findConnection(process.env));
    const result = await lastEvent<Pruned>(admin.callStreaming('Prune', {}, { signal }));
    const { removedMaps, removedChunks, freedBytes } = result;
    if (options.json) terminal.print(JSON.stringify(result));
    else {
      const what = `${removedMaps} maps and ${removedChunks} chunks removed`;
      terminal.print(`${bytesText(freedBytes)} freed: ${what}`);
    }
    return 0;
  },
};

interface Problem {
  readonly what: string;
  readonly name: string;
  readonly problem: string;
  /** Maps of the block store. */
  readonly usedBy: readonly string[];
  /** Images, snapshots and volumes. */
  readonly touches: readonly string[];
}

function problemText({ what, name, problem, usedBy, touches }: Problem): string {
  const users = touches.length > 0 ? touches : usedBy;
  return `${what} ${name}: ${problem}${users.length > 0 ? ` (used by ${users.join(', ')})` : ''}`;
}

interface Verified {
  readonly checkedChunks: number;
  readonly checkedMaps: number;
  readonly problems: readonly Problem[];
}

export const verify: Command = {
  name: 'verify',
  usage: '',
  summary: 'read every chunk and map and say what is wrong',
  help: 'Exit code 1 when something is damaged. Damaged blocks are never served: reads of them fail.',
  async run({ terminal, options, signal }) {
    const admin = await adminOf(await findConnection(process.env));
    const progress = progressPrinter(terminal);
    const events = admin.callStreaming('Verify', {}, { signal });
    const result = await lastEvent<Verified>(events, (event) => {
      const { doneBytes, totalBytes } = event as { doneBytes: number; totalBytes: number };
      progress.update({ label: 'reading', fraction: doneBytes / Math.max(1, totalBytes) });
    });
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
