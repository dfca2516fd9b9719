import type { FreezeVolume } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import type { BlockGraph, DirtyBitmap } from '../qemu/block-graph.ts';
import type { QmpCommand } from '../qemu/monitor-pool.ts';
import { planBitmaps, planFreeze, planServing } from './plan-freeze.ts';

const volume: FreezeVolume = {
  volumeId: 'vol-00000000000000001',
  snapshotId: 'snap-00000000000000002',
  originMapId: 'map-0000000000000000f',
  sinceSnapshotId: 'snap-00000000000000001',
  sinceMapId: 'map-00000000000000001',
};
const older: DirtyBitmap = {
  name: 'since-snap-00000000000000001',
  recording: true,
  inconsistent: false,
};
const wrong = { ...older, recording: false, inconsistent: true };
const since = { ...older, name: 'since-snap-00000000000000002' };
const changed: DirtyBitmap = {
  name: 'chg-snap-00000000000000002',
  recording: false,
  inconsistent: false,
};

interface Situation {
  readonly bitmaps?: readonly DirtyBitmap[];
  readonly hasFleece?: boolean;
  readonly isServed?: boolean;
  readonly sizeBytes?: number;
}

function graphOf({ bitmaps = [], hasFleece, isServed, sizeBytes = 1024 }: Situation): BlockGraph {
  const node = { file: '', sizeBytes, hasBacking: true };
  const fleece = hasFleece ? [[volume.snapshotId, { ...node, bitmaps: [] }] as const] : [];
  return {
    nodes: new Map([[volume.volumeId, { ...node, bitmaps }] as const, ...fleece]),
    jobs: new Map(),
    exports: new Set(isServed ? [volume.snapshotId] : []),
  };
}

const serve = (situation: Situation, request: FreezeVolume = volume) =>
  planServing(request, {
    graph: graphOf(situation),
    socketPath: '/s',
    originMapId: request.originMapId,
  });

const named = (commands: readonly QmpCommand[]) =>
  commands.map(([command, args]) => [command, args.name ?? args.id]);

test('the transaction has a backup for each volume and nothing that takes time', () => {
  const other: FreezeVolume = {
    volumeId: 'vol-00000000000000002',
    snapshotId: 'snap-0000000000000000a',
  };
  const [command, { actions }] = planFreeze([volume, other]);
  expect(command).toBe('transaction');
  expect(actions).toMatchObject([
    { type: 'blockdev-backup', data: { device: volume.volumeId, target: volume.snapshotId } },
    { type: 'blockdev-backup', data: { device: other.volumeId, target: other.snapshotId } },
  ]);
});

test('before a freeze the new bitmap begins to record, and room is made for a copy of the older one', () => {
  const commands = planBitmaps(volume, graphOf({ bitmaps: [older] }));
  expect(commands.map(([command]) => command)).toEqual([
    'block-dirty-bitmap-add',
    'block-dirty-bitmap-add',
  ]);
  expect(commands.map(([, args]) => args)).toMatchObject([
    { name: since.name, persistent: true },
    { name: changed.name, disabled: true },
  ]);
});

test('bitmaps of an earlier try and wrong ones are removed before a freeze, and no others', () => {
  const wrongToo = { ...wrong, name: 'since-snap-00000000000000009' };
  const foreign = { ...wrong, name: 'backup-tool' };
  const bitmaps = [older, since, changed, wrongToo, foreign];
  expect(named(planBitmaps(volume, graphOf({ bitmaps })))).toEqual([
    ['block-dirty-bitmap-remove', changed.name],
    ['block-dirty-bitmap-remove', wrongToo.name],
    // What an earlier try began has recorded ever since.
    ['block-dirty-bitmap-add', changed.name],
  ]);
});

const { sinceMapId: _, ...withoutMap } = volume;

test.each([
  ['is missing', [], volume],
  ['was made wrong by a crash', [wrong], volume],
  ['was switched off', [{ ...older, recording: false }], volume],
  ['has no map to build on', [older], withoutMap],
])('an older bitmap that %s is not used', (_, bitmaps, request) => {
  const prepared = planBitmaps(request, graphOf({ bitmaps }));
  expect(named(prepared)).not.toContainEqual(['block-dirty-bitmap-add', changed.name]);
  // Even when a copy of another try exists.
  const { merges, exports, view } = serve({ bitmaps: [...bitmaps, changed] }, request);
  expect(merges).toEqual([]);
  expect(named(exports)).toEqual([['block-export-add', volume.snapshotId]]);
  expect(view.source).toMatchObject({ changedContext: 'qemu:allocation-depth' });
});

test('the copy is filled after the freeze, and exported with the view', () => {
  const { merges, exports } = serve({ bitmaps: [older, since, changed], hasFleece: true });
  expect(merges).toEqual([
    [
      'block-dirty-bitmap-merge',
      { node: volume.volumeId, target: changed.name, bitmaps: [older.name] },
    ],
  ]);
  expect(exports).toMatchObject([
    [
      'block-export-add',
      {
        'node-name': volume.snapshotId,
        bitmaps: [{ node: volume.volumeId, name: changed.name }],
      },
    ],
  ]);
});

test('a view that is served already is described as it is served', () => {
  // The older bitmap may be gone by now; the copy was complete when it was exported.
  const { merges, exports, view } = serve({ bitmaps: [changed], hasFleece: true, isServed: true });
  expect([...merges, ...exports]).toEqual([]);
  expect(view.source).toMatchObject({ changedContext: `qemu:dirty-bitmap:${changed.name}` });
});

test.each([
  [
    'the bitmap',
    { bitmaps: [older, changed], hasFleece: true },
    volume,
    { changedContext: 'qemu:dirty-bitmap:chg-snap-00000000000000002' },
    volume.sinceMapId,
  ],
  [
    'the overlay below a fleece',
    { bitmaps: [since], hasFleece: true },
    volume,
    { changedContext: 'qemu:allocation-depth', changedDepthMax: 2 },
    volume.originMapId,
  ],
  [
    'the overlay at rest',
    {},
    volume,
    { changedContext: 'qemu:allocation-depth', changedDepthMax: 1 },
    volume.originMapId,
  ],
  [
    'all data without an origin',
    {},
    { volumeId: volume.volumeId, snapshotId: volume.snapshotId },
    { changedContext: 'base:allocation' },
    undefined,
  ],
])('%s says what changed', (_, situation, request, expected, baseMapId) => {
  const { view } = serve(situation, request);
  const address = { kind: 'nbd', socketPath: '/s', exportName: volume.snapshotId };
  expect(view.source).toEqual({ ...address, ...expected });
  expect(view.baseMapId).toBe(baseMapId);
});

test.each([
  [8, 65_536],
  [128, 65_536],
  [129, 131_072],
  [1024, 524_288],
  [16_384, 524_288],
])('bitmaps of a disk of %i GiB have a bit for each %i bytes', (sizeGiB, granularity) => {
  const graph = graphOf({ sizeBytes: sizeGiB * 1024 ** 3 });
  expect(planBitmaps(volume, graph)[0]?.[1]).toMatchObject({ granularity });
});
