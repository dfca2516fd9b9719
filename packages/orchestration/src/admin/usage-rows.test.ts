import type { BlockMapId } from '@bakehouse/domain';
import { MemorySnapshotStore, memoryBlockBytes } from '@bakehouse/fakes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Holding, summarizeUsage } from './usage-rows.ts';

const mapId = (index: number): BlockMapId => `map-${String(index).padStart(17, '0')}`;

/** Captures a map of these words, one a block. */
async function capture(store: MemorySnapshotStore, id: BlockMapId, words: readonly string[]) {
  const source = { kind: 'file', path: `/${id}` } as const;
  const blocks = new Map(words.map((word, index) => [index, word]));
  const sizeBytes = 64 * memoryBlockBytes;
  store.sources.offer(source, { sizeBytes, blocks, changed: blocks.keys() });
  await store.capture({ mapId: id, source });
}

const snapshot = (id: string, held: BlockMapId): Holding => ({
  kind: 'snapshot',
  id,
  region: 'us-east-1',
  ownerId: '123456789012',
  sizeBytes: 1,
  mapIds: [held],
  goes: [id],
});

const volume = (id: string, held: readonly BlockMapId[]): Holding => ({
  ...snapshot(id, mapId(0)),
  kind: 'volume',
  mapIds: held,
});

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 });

/** Maps with their words; snapshots that hold one of them, volumes that hold up to two. */
const worlds = fc.record({
  maps: fc.array(words, { minLength: 1, maxLength: 5 }),
  snapshots: fc.array(fc.nat(), { maxLength: 5 }),
  volumes: fc.array(fc.array(fc.nat(), { maxLength: 2 }), { maxLength: 3 }),
});

function holdingsOf(world: { maps: unknown[]; snapshots: number[]; volumes: number[][] }) {
  const pick = (index: number) => mapId(index % world.maps.length);
  return [
    ...world.snapshots.map((held, index) => snapshot(`snap-${index}`, pick(held))),
    ...world.volumes.map((held, index) => volume(`vol-${index}`, held.map(pick))),
  ];
}

test('unique bytes, shared ones counted once, and what nobody holds are the live bytes', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const store = new MemorySnapshotStore();
      for (const [index, each] of world.maps.entries()) await capture(store, mapId(index), each);
      const holdings = holdingsOf(world);
      const used = await store.usage();
      const { rows, sharedOnceBytes, unheldBytes } = summarizeUsage(holdings, used);
      const unique = rows.reduce((total, row) => total + row.uniqueBytes, 0);
      expect(unique + sharedOnceBytes + unheldBytes).toBe(used.liveBytes);
      expect(sharedOnceBytes).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('the unique bytes of a snapshot or volume are what deleting it alone frees', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat(), async (world, chosen) => {
      const store = new MemorySnapshotStore();
      for (const [index, each] of world.maps.entries()) await capture(store, mapId(index), each);
      const holdings = holdingsOf(world);
      const needed = (of: readonly Holding[]) => new Set(of.flatMap((each) => each.mapIds));
      const garbage = (of: readonly Holding[]) =>
        new Set(world.maps.map((_, index) => mapId(index)).filter((id) => !needed(of).has(id)));
      await store.prune(garbage(holdings));
      const before = await store.usage();
      const { rows } = summarizeUsage(holdings, before);
      const going = holdings[chosen % Math.max(1, holdings.length)];
      if (going === undefined) return;
      await store.prune(garbage(holdings.filter((each) => each.id !== going.id)));
      const freed = before.liveBytes - (await store.usage()).liveBytes;
      expect(rows.find((row) => row.id === going.id)?.uniqueBytes).toBe(freed);
    }),
  );
});

test('one map in two regions is freed by neither snapshot alone, and by the image of one of them not', async () => {
  const store = new MemorySnapshotStore();
  await capture(store, mapId(0), ['a', 'b']);
  const image: Holding = {
    ...snapshot('ami-1', mapId(0)),
    kind: 'image',
    goes: ['snap-1'],
  };
  const shared = [snapshot('snap-1', mapId(0)), snapshot('snap-2', mapId(0))];
  const { rows, sharedOnceBytes } = summarizeUsage([image, ...shared], await store.usage());
  expect(rows.map((row) => row.uniqueBytes)).toEqual([0, 0, 0]);
  expect(sharedOnceBytes).toBe(2 * memoryBlockBytes);
  const alone = summarizeUsage([image, snapshot('snap-1', mapId(0))], await store.usage());
  expect(alone.rows.map((row) => row.uniqueBytes)).toEqual([
    2 * memoryBlockBytes,
    2 * memoryBlockBytes,
  ]);
});

test('a volume counts what both of its maps name once', async () => {
  const store = new MemorySnapshotStore();
  await capture(store, mapId(0), ['a', 'b']);
  await capture(store, mapId(1), ['a', 'b', 'c']);
  const holdings = [snapshot('snap-1', mapId(0)), volume('vol-1', [mapId(0), mapId(1)])];
  const { rows } = summarizeUsage(holdings, await store.usage());
  expect(rows.map((row) => [row.uniqueBytes, row.sharedBytes])).toEqual([
    [0, 2 * memoryBlockBytes],
    [memoryBlockBytes, 2 * memoryBlockBytes],
  ]);
});

test("what only an image's own snapshots share goes with it", async () => {
  const store = new MemorySnapshotStore();
  await capture(store, mapId(0), ['a', 'b']);
  await capture(store, mapId(1), ['a', 'c']);
  const image: Holding = {
    ...snapshot('ami-1', mapId(0)),
    kind: 'image',
    mapIds: [mapId(0), mapId(1)],
    goes: ['snap-1', 'snap-2'],
  };
  const own = [snapshot('snap-1', mapId(0)), snapshot('snap-2', mapId(1))];
  const { rows } = summarizeUsage([image, ...own], await store.usage());
  expect(rows[0]).toMatchObject({ uniqueBytes: 3 * memoryBlockBytes, sharedBytes: 0 });
});

test('20,000 snapshots are counted in the time of a request, not of their square', () => {
  const count = 20_000;
  const maps = Array.from({ length: count }, (_, index) => ({
    mapId: mapId(index),
    sizeBytes: 1,
    blockCount: 1,
  }));
  const held = maps.map((_, index) => ({ bytes: 2, maps: [{ first: index, end: index + 1 }] }));
  const holdings = maps.map((each, index) => snapshot(`snap-${index}`, each.mapId));
  const { rows, unheldBytes } = summarizeUsage(holdings, { maps, held, liveBytes: 2 * count });
  expect(rows.every(({ uniqueBytes }) => uniqueBytes === 2)).toBe(true);
  expect(unheldBytes).toBe(0);
});
