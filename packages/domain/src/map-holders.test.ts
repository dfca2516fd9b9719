import { aFastLaunch, aSnapshot, aVolume, sampleRecords } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { recordKinds } from './list-query.ts';
import { mapHolderKinds, mapsHeldBy } from './map-holders.ts';

const mapsNamedIn = (record: object) => JSON.stringify(record).match(/map-[0-9a-f]{17}/g) ?? [];

test.each(recordKinds)('%s: every map that the record names is held', (kind) => {
  expect([...mapsHeldBy(kind, sampleRecords[kind])].sort()).toEqual(
    mapsNamedIn(sampleRecords[kind]).sort(),
  );
});

test('snapshots, volumes and templates hold maps', () => {
  expect(mapHolderKinds).toEqual(['snapshot', 'volume', 'fastLaunch']);
  expect(mapsHeldBy('snapshot', aSnapshot({ mapId: 'map-1' }))).toEqual(['map-1']);
});

test('a template holds its disk and that of its image, unless it could not be made', () => {
  const { template } = aFastLaunch();
  for (const state of ['enabling', 'enabled', 'disabling'] as const) {
    const held = mapsHeldBy('fastLaunch', aFastLaunch({ state }));
    expect(held).toEqual([template.mapId, template.originMapId]);
  }
  expect(mapsHeldBy('fastLaunch', aFastLaunch({ state: 'enabling-failed' }))).toEqual([]);
});

test('a volume holds what its disk reads from and what its next snapshot is compared with', () => {
  const baseline = { snapshotId: 'snap-1', mapId: 'map-2' } as const;
  expect(mapsHeldBy('volume', aVolume({ originMapId: 'map-1', baseline }))).toEqual([
    'map-1',
    'map-2',
  ]);
  expect(mapsHeldBy('volume', aVolume({ originMapId: 'map-1' }))).toEqual(['map-1']);
  expect(mapsHeldBy('volume', aVolume())).toEqual([]);
});
