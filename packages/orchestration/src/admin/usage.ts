import type { Volume } from '@bakehouse/domain';
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

/**
 * Bytes of every image, snapshot and volume, and of the store: `onDiskBytes` is what the store's files take,
 * and equals `liveBytes + reclaimableBytes + overheadBytes`. Volumes' overlays and hot maps are counted
 * apart.
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
  const mapReads = (await context.reads?.ofMaps()) ?? [];
  const { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } = used;
  const store = { liveBytes, sharedOnceBytes, unheldBytes, reclaimableBytes };
  return { rows, overlays, hotMaps, mapReads, store: { ...store, overheadBytes, onDiskBytes } };
};
