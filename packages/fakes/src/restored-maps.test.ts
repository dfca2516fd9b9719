import { GiB } from '@bakehouse/base';
import { completeSnapshot, noVolumeId, planSnapshot } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { MemoryMetadataStore } from './memory-metadata-store.ts';
import { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { restoredMaps } from './restored-maps.ts';

const source = { kind: 'file', path: 'memory:lost' } as const;

const pending = (digit: 1 | 2, sizeGiB: number) =>
  planSnapshot({
    id: `snap-${digit}`,
    ownerId: '123456789012',
    region: 'us-east-1',
    tags: {},
    createdAt: 0,
    mapId: `map-${digit}`,
    origin: { kind: 'capture' },
    volume: { id: noVolumeId, sizeGiB },
    description: '',
  });

test('the maps of pending snapshots are restored, with their sizes', async () => {
  const metadata = new MemoryMetadataStore();
  await metadata.write(async (tx) => {
    await tx.put('snapshot', completeSnapshot(pending(1, 2), { at: 1 }));
    await tx.put('snapshot', pending(2, 3));
  });
  expect(await metadata.read(restoredMaps)).toEqual([{ mapId: 'map-2', sizeBytes: 3 * GiB }]);
});

test('a restored map is empty, and captured already; others are missing as before', async () => {
  const restored = [{ mapId: 'map-1', sizeBytes: GiB }] as const;
  const store = new MemorySnapshotStore(undefined, { unknownMaps: 'zeros', restored });
  const summary = {
    mapId: 'map-1',
    sizeBytes: GiB,
    blockCount: 0,
    readBytes: 0,
    addedBytes: 0,
  };
  expect(await store.find('map-1')).toEqual(summary);
  expect(await store.capture({ mapId: 'map-1', source })).toEqual(summary);
  expect(await store.find('map-2')).toBeUndefined();
  await expect(store.capture({ mapId: 'map-2', source })).rejects.toThrow(
    'nothing serves the source of map-2',
  );
});
