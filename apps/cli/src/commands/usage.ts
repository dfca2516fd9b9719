import type { AdminResult } from '@bakehouse/admin-api';
import { adminOf } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { bytesText, table } from '../terminal/table.ts';

type Overlay = AdminResult<'Usage'>['overlays'][number];

const contentWords: Record<Overlay['content'], string> = {
  whole: 'has all of its content',
  fetched: 'fetches the rest from the block store when it is read',
  filling: 'is being filled from the block store',
};

const overlayLine = ({ volumeId, localBytes, content, progressPercent }: Overlay) =>
  `overlay  ${volumeId}  ${bytesText(localBytes)}  ${contentWords[content]}${
    progressPercent === undefined ? '' : `: ${progressPercent} %`
  }`;

export const usageCommand: Command = {
  name: 'usage',
  usage: '',
  argumentsMax: 0,
  summary: 'show what images, snapshots and volumes take on disk',
  help: `
Unique bytes are held by that row alone: what deleting it would free. Shared bytes are held by others too.
The total is what the block store's files take: live + reclaimable (freed by prune) + overhead.
Overlays are what volumes have on this machine: what was written, and what hydration brought.`,
  async run({ terminal, options, signal, env }) {
    const admin = await adminOf(await findConnection(env));
    const result = await admin.call('Usage', {}, { signal });
    if (options.json) {
      terminal.print(JSON.stringify(result));
      return 0;
    }
    const cells = result.rows.map((row) => [
      row.kind,
      row.id,
      row.region,
      bytesText(row.sizeBytes),
      bytesText(row.uniqueBytes),
      bytesText(row.sharedBytes),
      row.name ?? '',
    ]);
    const headings = ['KIND', 'ID', 'REGION', 'SIZE', 'UNIQUE', 'SHARED', 'NAME'];
    for (const line of table(headings, cells)) terminal.print(line);
    for (const overlay of result.overlays) terminal.print(overlayLine(overlay));
    const { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } = result.store;
    terminal.print(
      `total ${bytesText(onDiskBytes)} on disk = ${bytesText(liveBytes)} live + ${bytesText(reclaimableBytes)} reclaimable + ${bytesText(overheadBytes)} overhead`,
    );
    return 0;
  },
};
