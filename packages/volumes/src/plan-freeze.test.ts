import type { FreezeVolume } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import type { BlockGraph, DirtyBitmap } from './block-graph.ts';
import { describeView, planBitmapsBeforeFreeze, planFreezeActions } from './plan-freeze.ts';

const volume: FreezeVolume = {
  volumeId: 'vol-00000000000000001',
  snapshotId: 'snap-00000000000000002',
  originMapId: 'map-0000000000000000f',
  sinceSnapshotId: 'snap-00000000000000001',
  sinceMapId: 'map-00000000000000001',
};
const sound: DirtyBitmap = {
  name: 'since-snap-00000000000000001',
  recording: true,
  inconsistent: false,
};
const chg: DirtyBitmap = {
  name: 'chg-snap-00000000000000002',
  recording: false,
  inconsistent: false,
};

function graphWith(bitmaps: readonly DirtyBitmap[], nodes: readonly string[] = []): BlockGraph {
  const disk = { sizeBytes: 1024, hasBacking: true, bitmaps };
  const others = nodes.map((name) => [name, { ...disk, bitmaps: [] }] as const);
  return {
    nodes: new Map([[volume.volumeId, disk], ...others]),
    jobs: new Map(),
    exports: new Set(),
  };
}
const kinds = (actions: readonly Readonly<Record<string, unknown>>[]) =>
  actions.map(({ type }) => type);

test('every backup comes before every bitmap, so that no write falls between them', () => {
  const other: FreezeVolume = {
    volumeId: 'vol-00000000000000002',
    snapshotId: 'snap-0000000000000000a',
  };
  expect(kinds(planFreezeActions([volume, other], graphWith([sound]), 'live'))).toEqual([
    'blockdev-backup',
    'blockdev-backup',
    'block-dirty-bitmap-add',
    'block-dirty-bitmap-add',
    'block-dirty-bitmap-merge',
    'block-dirty-bitmap-add',
  ]);
});

test('at rest nothing is copied aside', () => {
  expect(kinds(planFreezeActions([volume], graphWith([]), 'at-rest'))).toEqual([
    'block-dirty-bitmap-add',
  ]);
});

test.each([
  ['is missing', [], volume],
  ['a crash made untrue', [{ ...sound, recording: false, inconsistent: true }], volume],
  ['was switched off', [{ ...sound, recording: false }], volume],
  ['has no map to build on', [sound], { ...volume, sinceMapId: undefined }],
])('an older bitmap that %s is not used', (_, bitmaps, frozen) => {
  const { sinceMapId, ...rest } = frozen;
  const wish: FreezeVolume = { ...rest, ...(sinceMapId && { sinceMapId }) };
  expect(kinds(planFreezeActions([wish], graphWith(bitmaps), 'live'))).not.toContain(
    'block-dirty-bitmap-merge',
  );
});

test('bitmaps of an earlier try and untrue ones go before a freeze, and no others', () => {
  const untrue = { ...sound, name: 'since-snap-00000000000000009', inconsistent: true };
  const foreign = { ...untrue, name: 'backup-tool' };
  expect(planBitmapsBeforeFreeze(volume, graphWith([sound, chg, untrue, foreign]))).toEqual([
    chg.name,
    untrue.name,
  ]);
});

test.each([
  [
    'the bitmap',
    [sound, chg],
    ['snap-00000000000000002'],
    volume.originMapId,
    {
      changedContext: 'qemu:dirty-bitmap:chg-snap-00000000000000002',
      baseMapId: volume.sinceMapId,
    },
  ],
  [
    'the overlay below a fleece',
    [sound],
    ['snap-00000000000000002'],
    volume.originMapId,
    {
      changedContext: 'qemu:allocation-depth',
      changedDepthMax: 2,
      baseMapId: volume.originMapId,
    },
  ],
  [
    'the overlay at rest',
    [],
    [],
    volume.originMapId,
    {
      changedContext: 'qemu:allocation-depth',
      changedDepthMax: 1,
      baseMapId: volume.originMapId,
    },
  ],
  ['all data without an origin', [], [], undefined, { changedContext: 'base:allocation' }],
] as const)('changes are told by %s', (_, bitmaps, nodes, originMapId, expected) => {
  const graph = graphWith(bitmaps, nodes);
  const { source, baseMapId } = describeView(volume, { graph, socketPath: '/s', originMapId });
  if (source.kind !== 'nbd') throw new Error('a view is served over NBD');
  const { kind: _kind, socketPath: _path, exportName, ...told } = source;
  expect({ ...told, ...(baseMapId && { baseMapId }) }).toEqual(expected);
  expect(exportName).toBe(volume.snapshotId);
});
