import type { AdminResult } from '@bakehouse/admin-api';
import type { MemoryOnDisk, MetadataReader, Volume } from '@bakehouse/domain';
import type { AdminHandler } from './admin-handler.ts';
import { readHoldings } from './read-holdings.ts';
import { summarizeUsage } from './usage-rows.ts';

/** Whether the volume has all of its content itself, is being filled, or fetches what is read. */
function contentOf(volume: Volume | undefined) {
  const { originMapId, initialization } = volume ?? {};
  if (!originMapId) return { content: 'whole' } as const;
  if (initialization?.state !== 'initializing') return { content: 'fetched' } as const;
  return { content: 'filling', progressPercent: initialization.progressPercent } as const;
}

/** What is kept of guests' memory, with the record whose it is. */
async function describeMemories(
  reader: MetadataReader,
  kept: readonly MemoryOnDisk[],
): Promise<AdminResult<'Usage'>['memories']> {
  const templates = await reader.list('fastLaunch');
  const imageIds = new Map(templates.map(({ id, template }) => [template.instanceId, id]));
  const memories = [];
  for (const { instanceId, bytes: localBytes } of kept) {
    const templateOf = imageIds.get(instanceId);
    const forkOf = (await reader.get('instance', instanceId))?.forkedFrom?.instanceId;
    memories.push({
      ...{ instanceId, localBytes },
      ...(templateOf !== undefined && { templateOf }),
      ...(forkOf !== undefined && { forkOf }),
    });
  }
  return memories;
}

/**
 * Bytes of every image, snapshot and volume, and of the store: `onDiskBytes` is what the store's files take,
 * and equals `liveBytes + reclaimableBytes + overheadBytes`. Volumes' overlays, hot maps and guests'
 * memory are counted apart.
 */
export const usage: AdminHandler<'Usage'> = async (context) => {
  const used = await context.snapshots.usage();
  const holdings = await context.metadata.read(readHoldings);
  const { rows, sharedOnceBytes, unheldBytes } = summarizeUsage(holdings, used);
  const overlays = [];
  for (const volumeId of await context.volumes.list()) {
    const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
    const localBytes = await context.volumes.localBytes(volumeId);
    overlays.push({ volumeId, localBytes, ...contentOf(volume) });
  }
  const hotMaps = [];
  for (const { mapId, state, localBytes } of await context.hot.list()) {
    hotMaps.push({ mapId, state, localBytes, volumeIds: await context.hot.usersOf(mapId) });
  }
  // A record is written before what it names, so what it names is listed first.
  const kept = await context.compute.keptMemory();
  const memories = await context.metadata.read((tx) => describeMemories(tx, kept));
  const mapReads = (await context.reads?.ofMaps()) ?? [];
  const { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } = used;
  const store = { liveBytes, sharedOnceBytes, unheldBytes, reclaimableBytes };
  return {
    ...{ rows, overlays, hotMaps, memories, mapReads },
    store: { ...store, overheadBytes, onDiskBytes },
  };
};
