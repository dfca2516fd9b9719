import type { AdminResult } from '@bakehouse/admin-api';
import { adminOf } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { bytesText, table } from '../terminal/table.ts';
import { readsText } from './read-figures.ts';

type Overlay = AdminResult<'Usage'>['overlays'][number];

const contentWords: Record<Overlay['content'], string> = {
  whole: 'has all of its content',
  fetched: 'fetches the rest from the block store when it is read',
  filling: 'is being filled from the block store',
};

type HotMap = AdminResult<'Usage'>['hotMaps'][number];

const hotWords: Record<HotMap['state'], string> = {
  ready: 'volumes read it in place of the block store',
  unchecked: 'not checked since the host was started; not given to volumes yet',
  damaged: 'damaged; not given to volumes any more',
};

const hotLine = ({ mapId, localBytes, volumeIds, state }: HotMap) =>
  `hot map  ${mapId}  ${bytesText(localBytes)}  ${volumeIds.length} volumes  ${hotWords[state]}`;

type Memory = AdminResult<'Usage'>['memories'][number];

function memoryUse({ templateOf, forkOf }: Memory): string {
  if (templateOf !== undefined) return `the template of ${templateOf}, for fast launch`;
  if (forkOf !== undefined) return `until this fork of ${forkOf} has started`;
  return 'no record has it: `bakehouse doctor --fix` removes it';
}

const memoryLine = (memory: Memory) =>
  `memory   ${memory.instanceId}  ${bytesText(memory.localBytes)}  ${memoryUse(memory)}`;

const overlayLine = (
  { volumeId, localBytes, content, progressPercent }: Overlay,
  isHot: boolean,
): string =>
  `overlay  ${volumeId}  ${bytesText(localBytes)}  ${isHot && content === 'fetched' ? 'reads the rest from a hot map' : contentWords[content]}${
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
Overlays are what volumes have on this machine: what was written, and what hydration brought.
Hot maps are local copies of all blocks of a snapshot, for volumes that are launched often or restored fast.
Memory is what is kept of guests' memory: of templates, for fast launch, and for forks until they have started.
Reads are what machines read of other maps since the block server was started.`,
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
    const hot = new Set(result.hotMaps.flatMap(({ volumeIds }) => volumeIds));
    for (const overlay of result.overlays) {
      terminal.print(overlayLine(overlay, hot.has(overlay.volumeId)));
    }
    for (const hotMap of result.hotMaps) terminal.print(hotLine(hotMap));
    for (const memory of result.memories) terminal.print(memoryLine(memory));
    for (const { mapId, total } of result.mapReads) {
      terminal.print(`reads    ${mapId}  ${readsText(total)}`);
    }
    const { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } = result.store;
    terminal.print(
      `total ${bytesText(onDiskBytes)} on disk = ${bytesText(liveBytes)} live + ${bytesText(reclaimableBytes)} reclaimable + ${bytesText(overheadBytes)} overhead`,
    );
    return 0;
  },
};
