import type { BlockMapId, MapUsage } from '@bakehouse/domain';
import type { AdminContext, AdminOperation } from './admin-operation.ts';

interface Holder {
  readonly kind: 'image' | 'snapshot' | 'volume';
  readonly id: string;
  readonly name?: string;
  readonly region: string;
  readonly ownerId: string;
  readonly mapIds: readonly BlockMapId[];
}

async function readHolders({ metadata }: AdminContext): Promise<readonly Holder[]> {
  return await metadata.read(async (tx) => {
    const snapshots = await tx.list('snapshot');
    const mapOf = new Map(snapshots.map((snapshot) => [snapshot.id as string, snapshot.mapId]));
    const holders: Holder[] = snapshots.map(({ id, region, ownerId, mapId }) => ({
      kind: 'snapshot',
      id,
      region,
      ownerId,
      mapIds: [mapId],
    }));
    for (const { id, region, ownerId, name, blockDevices } of await tx.list('image')) {
      const mapIds = blockDevices.flatMap(
        (device) => mapOf.get(device.ebs?.snapshotId ?? '') ?? [],
      );
      holders.push({ kind: 'image', id, region, ownerId, name, mapIds });
    }
    for (const { id, region, ownerId, originMapId, baseline } of await tx.list('volume')) {
      const mapIds = [...(originMapId ? [originMapId] : []), ...(baseline ? [baseline.mapId] : [])];
      holders.push({ kind: 'volume', id, region, ownerId, mapIds });
    }
    return holders;
  });
}

const sum = (usages: readonly MapUsage[], of: (usage: MapUsage) => number) =>
  usages.reduce((total, usage) => total + of(usage), 0);

/**
 * Bytes of every image, snapshot and volume, and of the store: `onDiskBytes` is what the store's files take,
 * and equals `liveBytes + reclaimableBytes + overheadBytes`. Volumes' overlays are counted apart.
 */
export const usage: AdminOperation = async function* (context) {
  const store = await context.snapshots.usage();
  const usageOf = new Map(store.maps.map((map) => [map.mapId, map]));
  const rows = (await readHolders(context)).map(({ mapIds, ...holder }) => {
    const maps = [...new Set(mapIds)].flatMap((mapId) => usageOf.get(mapId) ?? []);
    return {
      ...holder,
      sizeBytes: sum(maps, (map) => map.sizeBytes),
      uniqueBytes: sum(maps, (map) => map.uniqueBytes),
      sharedBytes: sum(maps, (map) => map.sharedBytes),
    };
  });
  const overlays = [];
  for (const volumeId of await context.volumes.list()) {
    overlays.push({ volumeId, localBytes: await context.volumes.localBytes(volumeId) });
  }
  const { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } = store;
  yield { rows, overlays, store: { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } };
};
