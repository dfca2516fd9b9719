import { GiB, MiB } from '@bakehouse/base';
import type { BlockMapId, HotMap } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import {
  type HotFacts,
  type HotPlan,
  isStillDue,
  planHotMaps,
  reservedBytes,
} from './plan-hot-maps.ts';

const [a, b, c]: readonly BlockMapId[] = ['map-a', 'map-b', 'map-c'];
if (!a || !b || !c) throw new Error('three maps');

const hot = (mapId: BlockMapId, usedAt: number, changes: Partial<HotMap> = {}): HotMap => ({
  mapId,
  state: 'ready',
  localBytes: GiB,
  usedAt,
  ...changes,
});
const candidate = (mapId: BlockMapId, launches: number, sizeBytes = GiB) => ({
  mapId,
  launches,
  sizeBytes,
});
/** Of 100 GiB, 10 are reserved. */
const room = (freeGiB: number) => ({ freeBytes: freeGiB * GiB, totalBytes: 100 * GiB });

const facts = (changes: Partial<HotFacts>): HotFacts => ({
  hot: [],
  room: room(50),
  candidates: [],
  wanted: new Set(),
  pinned: new Set(),
  resting: new Set(),
  ...changes,
});

interface Expected extends Omit<HotPlan, 'drop' | 'missingBytes'> {
  readonly drop: readonly BlockMapId[];
  readonly missingGiB?: number;
}

test.each<[string, Partial<HotFacts>, Expected]>([
  ['nothing is launched', {}, { drop: [] }],
  ['a map is launched twice', { candidates: [candidate(a, 2)] }, { drop: [] }],
  ['a map is launched three times', { candidates: [candidate(a, 3)] }, { drop: [], make: a }],
  [
    'several are: the most launched comes first',
    { candidates: [candidate(a, 3), candidate(b, 5)] },
    { drop: [], make: b },
  ],
  [
    'one was asked for, without a launch',
    { candidates: [candidate(a, 9), candidate(b, 0)], wanted: new Set([b]) },
    { drop: [], make: b },
  ],
  [
    'a launched map would leave less than twice the reserve',
    { candidates: [candidate(a, 3, 31 * GiB)] },
    { drop: [] },
  ],
  [
    'one that was asked for may leave just the reserve',
    { candidates: [candidate(a, 0, 31 * GiB)], wanted: new Set([a]) },
    { drop: [], make: a },
  ],
  [
    'one that was asked for does not fit: the least recently used goes first',
    {
      room: room(12),
      hot: [hot(b, 9), hot(c, 5)],
      candidates: [candidate(a, 0, 2.5 * GiB)],
      wanted: new Set([a]),
    },
    { drop: [c, b], missingGiB: 0.5 },
  ],
  [
    'the disk gets full: any may make room, as those that disks need stay',
    { room: room(8.5), hot: [hot(a, 3), hot(b, 1), hot(c, 2)] },
    { drop: [b, c, a], missingGiB: 1.5 },
  ],
  [
    'the disk gets full, and some maps are kept',
    {
      room: room(1),
      hot: [hot(a, 1), hot(b, 2), hot(c, 3)],
      wanted: new Set([a]),
      pinned: new Set([b]),
    },
    { drop: [c], missingGiB: 9 },
  ],
  [
    'a file is damaged',
    { hot: [hot(a, 1, { state: 'damaged' })], wanted: new Set([a]) },
    { drop: [a] },
  ],
  [
    'the host was started: files are checked before others are made, and those asked for first',
    {
      hot: [hot(a, 1, { state: 'unchecked' }), hot(b, 2, { state: 'unchecked' })],
      candidates: [candidate(c, 5)],
      wanted: new Set([b]),
    },
    { drop: [], check: b },
  ],
  [
    'a check failed a short while ago: the next file is checked',
    {
      hot: [hot(a, 1, { state: 'unchecked' }), hot(b, 2, { state: 'unchecked' })],
      wanted: new Set([a]),
      resting: new Set([a]),
    },
    { drop: [], check: b },
  ],
  [
    'the only check failed a short while ago: another file is made',
    {
      hot: [hot(a, 1, { state: 'unchecked' })],
      candidates: [candidate(b, 3), candidate(c, 9)],
      resting: new Set([a, c]),
    },
    { drop: [], make: b },
  ],
  [
    'an unchecked file is dropped when the disk gets full',
    { room: room(9.5), hot: [hot(a, 1, { state: 'unchecked' })] },
    { drop: [a], missingGiB: 0.5 },
  ],
  [
    'the disk gets full: damaged files go first, and what was asked for is still checked',
    {
      room: room(9.5),
      hot: [hot(a, 1), hot(b, 2, { state: 'damaged' }), hot(c, 3, { state: 'unchecked' })],
      wanted: new Set([c]),
    },
    { drop: [b, a], missingGiB: 0.5, check: c },
  ],
])('%s', (_, changes, { drop, missingGiB = 0, ...next }) => {
  const plan = planHotMaps(facts(changes));
  expect({ ...plan, drop: plan.drop.map(({ mapId }) => mapId) }).toEqual({
    drop,
    missingBytes: missingGiB * GiB,
    ...next,
  });
});

test('the reserve is a tenth of the disk, and 50 GiB at most', () => {
  expect(reservedBytes(room(1))).toBe(10 * GiB);
  expect(reservedBytes({ freeBytes: 0, totalBytes: 10_000 * GiB })).toBe(50 * GiB);
  expect(reservedBytes({ freeBytes: 0, totalBytes: 10 * MiB })).toBe(MiB);
  expect(reservedBytes({ ...room(1), forGuestsBytes: 9 * GiB })).toBe(10 * GiB);
  expect(reservedBytes({ ...room(1), forGuestsBytes: 25 * GiB })).toBe(25 * GiB);
});

test.each([
  ['fast restores', 'are still on', { wanted: [a], launches: 0 }, true],
  ['fast restores', 'were disabled', { wanted: [], launches: 2 }, false],
  ['fast restores', 'were disabled, and launches ask for it', { wanted: [], launches: 3 }, true],
  ['launches', 'grow old', { wanted: [], launches: 1 }, true],
  ['launches', 'have all grown old', { wanted: [], launches: 0 }, false],
  ['launches', 'have grown old, and fast restores are on', { wanted: [a], launches: 0 }, true],
] as const)('a file begun for %s, which %s: %j', (why, _, { wanted, launches }, isDue) => {
  const demand = { wanted: new Set(wanted), launches: new Map([[a, launches]]) };
  expect(isStillDue({ mapId: a, isAsked: why === 'fast restores' }, demand)).toBe(isDue);
});
