import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { BlockStore } from '../src/block-store.ts';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { type BlockStoreOptions, openBlockStore } from '../src/open-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { blockOfWord, type FixtureMap, fixtureMaps } from './support/format-1-content.ts';
import { copyFixture, type FlatEntry, writeFlatMap } from './support/format-1-store.ts';
import { recordSteps } from './support/steps.ts';

let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-conversion-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const maps = Object.entries(fixtureMaps) as [BlockMapId, FixtureMap][];

async function fixture(): Promise<string> {
  const directory = join(folder, `store-${count++}`);
  await copyFixture(directory);
  return directory;
}

const openStore = (directory: string, options: Partial<BlockStoreOptions> = {}) =>
  openBlockStore({ directory, logger: silentLogger, threadCount: 1, ...options });

/** Every block that a map of the fixture has, and some that it has not. */
async function expectMap(store: BlockStore, mapId: BlockMapId, map: FixtureMap): Promise<void> {
  const { blocks } = await store.listBlocks(mapId, { limit: 100 });
  expect(blocks.map(({ blockIndex }) => blockIndex)).toEqual(Object.keys(map.blocks).map(Number));
  for (const [index, word] of Object.entries(map.blocks)) {
    const block = await store.readBlock(mapId, Number(index));
    expect(block && Buffer.compare(block, blockOfWord(word))).toBe(0);
  }
  expect(await store.readBlock(mapId, 1000)).toBeUndefined();
  expect(await store.find(mapId)).toMatchObject({
    sizeBytes: map.sizeBytes,
    blockCount: Object.keys(map.blocks).length,
  });
}

async function expectAll(store: BlockStore): Promise<void> {
  expect((await store.list()).toSorted()).toEqual(maps.map(([mapId]) => mapId));
  for (const [mapId, map] of maps) await expectMap(store, mapId, map);
}

const flatFiles = async (directory: string) =>
  (await readdir(join(directory, 'maps'))).filter((name) => !name.endsWith('.head'));

test('a store of format 1 is served at once and converted; nothing of it is lost', async () => {
  const directory = await fixture();
  const before = await readFile(join(directory, 'version'), 'utf8');
  {
    await using store = await openStore(directory);
    await expectAll(store);
    await store.converted();
    expect(await flatFiles(directory)).toEqual([]);
    await expectAll(store);
    expect((await store.verify()).problems).toEqual([]);
    expect(await store.unfinishedFiles()).toEqual([]);
    const usage = await store.usage();
    expect(usage).toMatchObject({ liveBytes: 10_983, reclaimableBytes: 0 });
  }
  // A program that knows only format 1 compares the whole text, and refuses another.
  expect(before).toBe('bakehouse-blockstore 1\n');
  expect(await readFile(join(directory, 'version'), 'utf8')).toBe('bakehouse-blockstore 2\n');
  await using again = await openStore(directory);
  await expectAll(again);
});

test('captures build on converted maps, and prune removes what is dead in segments of format 1', async () => {
  const directory = await fixture();
  const changed = randomBytes(blockSizeBytes);
  const source = {
    ...bytesSource(changed, [{ offset: 64 * blockSizeBytes, lengthBytes: blockSizeBytes }]),
    sizeBytes: 2048 * blockSizeBytes,
    read: async () => changed,
  };
  await using store = await openStore(directory, { openSource: async () => source });
  const [first, , third, fourth] = maps.map(([mapId]) => mapId);
  const address = { kind: 'nbd', socketPath: '', exportName: '', changedContext: '' } as const;
  // At once: the base is converted for the capture.
  const baseMapId = 'map-00000000000000001';
  const summary = await store.capture({ mapId: 'map-new', source: address, baseMapId });
  expect(summary).toMatchObject({ blockCount: 7, readBytes: blockSizeBytes });
  const remove = new Set([first, third, fourth].filter((mapId) => mapId !== undefined));
  await store.converted();
  expect(await store.prune(remove)).toMatchObject({ removedMaps: 3, removedChunks: 3 });
  expect((await store.verify()).problems).toEqual([]);
  await expectMap(store, 'map-00000000000000002', fixtureMaps['map-00000000000000002']);
  const block = await store.readBlock('map-new', 64);
  expect(block && Buffer.compare(block, changed)).toBe(0);
  const usage = await store.usage();
  expect(usage.reclaimableBytes).toBe(0);
  // Six chunks of format 1 are left, and the new one.
  expect((await store.verify()).checkedChunks).toBe(8);
});

/** The steps take a minute together: each test has a share of them, and its own time. */
const shares = [0, 1, 2, 3];

test.each(shares)(
  'whatever step it is killed at (share %i), the next start has every map, and converts what is left',
  async (share) => {
    const directory = await fixture();
    const into = join(folder, `steps-${share}`);
    const { files, steps } = await recordSteps({ directory, into, acknowledged: () => undefined });
    {
      await using store = await openStore(directory, { files });
      await store.converted();
    }
    vi.restoreAllMocks();
    expect(steps.length).toBeGreaterThan(25);
    const own = steps.filter((_, at) => at % shares.length === share);
    for (const step of own) {
      await using store = await openStore(step.directory);
      await expectAll(store);
      await store.converted();
      expect(await flatFiles(step.directory)).toEqual([]);
      await expectAll(store);
      expect((await store.verify()).problems).toEqual([]);
      await store.prune(new Set());
      expect((await store.usage()).reclaimableBytes).toBe(0);
      await rm(step.directory, { recursive: true });
    }
    console.log(`killed at each of ${own.length} steps of ${steps.length}`);
  },
);

test('a full disk keeps the store readable; it is converted when there is room', async () => {
  const mounted = await mkdtemp(join(folder, 'small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted]);
  try {
    const directory = join(mounted, 'store');
    await copyFixture(directory);
    const ballast = join(mounted, 'ballast');
    await fill(ballast);
    {
      await using store = await openStore(directory);
      await expectAll(store);
      await store.converted();
      expect((await flatFiles(directory)).toSorted()).toEqual(maps.map(([mapId]) => mapId));
      expect(await readFile(join(directory, 'version'), 'utf8')).toBe('bakehouse-blockstore 2\n');
      await expectAll(store);
      expect((await store.verify()).problems).toEqual([]);
    }
    await using store = await openStore(directory);
    await store.converted();
    await expectAll(store);
    await rm(ballast);
    await store.prune(new Set());
    await store.converted();
    expect(await flatFiles(directory)).toEqual([]);
    await expectAll(store);
  } finally {
    execFileSync('umount', [mounted]);
  }
});

/** Takes all the room that there is. */
async function fill(path: string): Promise<void> {
  await using file = await open(path, 'w');
  for (const lengthBytes of [65_536, 4096]) {
    const piece = Buffer.alloc(lengthBytes, 1);
    await (async () => {
      for (;;) await file.write(piece);
    })().catch((error: unknown) => expect(error).toMatchObject({ code: 'ENOSPC' }));
  }
}

/** A map of 20 GiB whose chunks are of the fixture. */
async function addLargeMap(directory: string): Promise<readonly FlatEntry[]> {
  await using store = await openStore(directory);
  const { blocks } = await store.listBlocks('map-00000000000000001', { limit: 9 });
  const ids = blocks.map(({ chunkId }) => Buffer.from(chunkId, 'hex'));
  return Array.from({ length: 40_000 }, (_, blockIndex) => ({
    blockIndex,
    chunkId: ids[(blockIndex * 7919) % ids.length] ?? Buffer.alloc(32),
  }));
}

test('guests read while a large map is converted, through readers of before and of after', async () => {
  const directory = await fixture();
  const entries = await addLargeMap(await fixture());
  const mapId = 'map-large';
  await writeFlatMap(directory, { mapId, sizeBytes: 40_000 * blockSizeBytes, entries });
  await using store = await openStore(directory);
  let isConverted = false;
  const converted = store.converted().then(() => {
    isConverted = true;
  });
  const early = await store.openMap(mapId);
  let reads = 0;
  for (let index = 0; !isConverted || reads < 50; index = (index + 997) % 40_000) {
    const reader = index % 2 === 0 ? early : await store.openMap(mapId);
    expect(await reader.readBlock(index)).toHaveLength(blockSizeBytes);
    reads += 1;
  }
  await converted;
  expect(await flatFiles(directory)).toEqual([]);
  const { blocks, next } = await store.listBlocks(mapId, { from: 20_000, limit: 3 });
  expect(next).toBe(20_003);
  expect(blocks.map(({ chunkId }) => chunkId)).toEqual(
    entries.slice(20_000, 20_003).map(({ chunkId }) => Buffer.from(chunkId).toString('hex')),
  );
  expect((await store.verify()).problems).toEqual([]);
});

test('a damaged flat map stays, is reported, and keeps no other from being converted', async () => {
  const directory = await fixture();
  const path = join(directory, 'maps', 'map-00000000000000002');
  const bytes = await readFile(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await using store = await openStore(directory);
  await store.converted();
  expect(await flatFiles(directory)).toEqual(['map-00000000000000002']);
  expect((await store.verify()).problems).toMatchObject([
    { what: 'map', name: 'map-00000000000000002', problem: expect.stringContaining('checksum') },
  ]);
  await expect(store.prune(new Set())).rejects.toMatchObject({ name: 'MapDamagedError' });
  await store.prune(new Set<BlockMapId>(['map-00000000000000002']));
  expect((await store.verify()).problems).toEqual([]);
});

test('a map that is pruned while it is converted is gone', async () => {
  const directory = await fixture();
  const entries = await addLargeMap(await fixture());
  const mapId = 'map-large';
  await writeFlatMap(directory, { mapId, sizeBytes: 40_000 * blockSizeBytes, entries });
  await using store = await openStore(directory);
  const remove = new Set<BlockMapId>([mapId, ...maps.map(([each]) => each)]);
  expect(await store.prune(remove)).toMatchObject({ removedMaps: 5 });
  await store.converted();
  expect(await store.list()).toEqual([]);
  expect(await readdir(join(directory, 'maps'))).toEqual([]);
  await store.prune(new Set());
  expect((await store.usage()).liveBytes).toBe(0);
});

test.each([
  ['bakehouse-blockstore 3\n', '"bakehouse-blockstore 3\\n"'],
  ['something else', 'something else'],
  ['', 'version ""'],
])('a folder of version %j is refused', async (text, named) => {
  const directory = await fixture();
  await writeFile(join(directory, 'version'), text);
  const refused = await openStore(directory).catch((error: unknown) => error);
  expect(refused).toMatchObject({ name: 'StoreFormatError' });
  expect(String(refused)).toContain(named);
  expect(String(refused)).toContain(directory);
  expect(await flatFiles(directory)).toHaveLength(4);
});

test('a folder with segments and no version is refused, an empty one becomes a store', async () => {
  const directory = await fixture();
  await rm(join(directory, 'version'));
  await expect(openStore(directory)).rejects.toThrow('no version file');
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await (await openStore(empty)).close();
  expect(await readFile(join(empty, 'version'), 'utf8')).toBe('bakehouse-blockstore 2\n');
});
