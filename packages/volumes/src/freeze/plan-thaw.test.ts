import type { FreezeVolume, SnapshotId } from '@bakehouse/domain';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DirtyBitmap } from '../qemu/block-graph.ts';
import { changedBitmap, sinceBitmap } from './block-names.ts';
import { planBitmapsAtThaw } from './plan-thaw.ts';

const snapshot = (n: number): SnapshotId => `snap-${String(n).padStart(17, '0')}`;
const volume: FreezeVolume = {
  volumeId: 'vol-00000000000000001',
  snapshotId: snapshot(2),
  sinceSnapshotId: snapshot(1),
};
const bitmap = (name: string, inconsistent = false): DirtyBitmap => ({
  name,
  recording: !inconsistent,
  inconsistent,
});
const frozen = [
  bitmap(sinceBitmap(snapshot(1))),
  bitmap(sinceBitmap(snapshot(2))),
  bitmap(changedBitmap(snapshot(2))),
];

test('captured: changes are counted from the new snapshot on', () => {
  expect(planBitmapsAtThaw(frozen, volume, { outcome: 'captured', isLastView: true })).toEqual([
    sinceBitmap(snapshot(1)),
    changedBitmap(snapshot(2)),
  ]);
});

test('abandoned: the older count stays', () => {
  expect(planBitmapsAtThaw(frozen, volume, { outcome: 'abandoned', isLastView: true })).toEqual([
    sinceBitmap(snapshot(2)),
    changedBitmap(snapshot(2)),
  ]);
});

test("captured: the bitmaps of another view stay until the last view's end", () => {
  const other = [bitmap(sinceBitmap(snapshot(3))), bitmap(changedBitmap(snapshot(3)))];
  const names = (isLastView: boolean) =>
    planBitmapsAtThaw([...frozen, ...other], volume, { outcome: 'captured', isLastView });
  expect(names(false)).not.toContain(sinceBitmap(snapshot(3)));
  expect(names(true)).toContain(sinceBitmap(snapshot(3)));
});

test('a late repetition leaves the count of a newer snapshot', () => {
  const newer = [bitmap(sinceBitmap(snapshot(3)))];
  expect(planBitmapsAtThaw(newer, volume, { outcome: 'captured', isLastView: true })).toEqual([]);
});

test('what is not ours is never removed, and a repetition has nothing to do', () => {
  const names = fc.constantFrom(
    'mine',
    'since-',
    'since-x',
    ...[1, 2, 3].flatMap((n) => [sinceBitmap(snapshot(n)), changedBitmap(snapshot(n))]),
  );
  const bitmaps = fc.uniqueArray(
    fc.record({ name: names, recording: fc.boolean(), inconsistent: fc.boolean() }),
    { selector: ({ name }) => name },
  );
  const outcomes = fc.constantFrom('captured' as const, 'abandoned' as const);
  fc.assert(
    fc.property(bitmaps, outcomes, fc.boolean(), (before, outcome, isLastView) => {
      const gone = planBitmapsAtThaw(before, volume, { outcome, isLastView });
      const after = before.filter(({ name }) => !gone.includes(name));
      expect(gone.filter((name) => !/^(since|chg)-snap-/.test(name))).toEqual([]);
      expect(planBitmapsAtThaw(after, volume, { outcome, isLastView })).toEqual([]);
    }),
  );
});
