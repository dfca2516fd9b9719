import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import type { BlockMapId, BlockSource } from '@bakehouse/domain';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BlockStore } from '../src/block-store.ts';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { recordSteps, type Step } from './support/steps.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-steps-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Content is named by short texts: the first bytes of a block, with noise of their own behind. */
const noise = new Map<string, Buffer>();
function blockOf(word: string): Buffer {
  const known = noise.get(word);
  if (known !== undefined) return known;
  const block = Buffer.alloc(blockSizeBytes);
  randomBytes(2000).copy(block);
  block.write(`${word}\0`);
  noise.set(word, block);
  return block;
}

type Words = Readonly<Record<number, string>>;
const blockCount = 70;

/** What callers have been promised. */
interface Acknowledged {
  readonly maps: ReadonlyMap<BlockMapId, Words>;
  readonly draft: Words | undefined;
  /** Prune was asked to remove them: they may exist or not. */
  readonly removed: ReadonlySet<BlockMapId>;
}

const draftId = 'map-draft';

/** Captures, writes to a draft, seals and prunes, noting what is promised as it is. */
class Scenario {
  maps = new Map<BlockMapId, Words>();
  draft: Words | undefined;
  removed = new Set<BlockMapId>();
  #source: BlockSource | undefined;

  acknowledged(): Acknowledged {
    const { maps, draft, removed } = this;
    return { maps: new Map(maps), draft: draft && { ...draft }, removed: new Set(removed) };
  }

  openSource = async () => {
    if (this.#source === undefined) throw new Error('no source');
    return this.#source;
  };

  async run(store: BlockStore): Promise<void> {
    await this.#capture(store, 'map-1', { 0: 'a', 1: 'b', 69: 'c' });
    await this.#capture(store, 'map-2', { 0: 'a', 1: 'x', 69: 'c' }, 'map-1');
    await store.begin({
      mapId: draftId,
      sizeBytes: blockCount * blockSizeBytes,
      baseMapId: 'map-2',
    });
    this.draft = { ...this.maps.get('map-2') };
    for (const [index, word] of [
      [2, 'd'],
      [5, 'e'],
      [64, 'b'],
    ] as const) {
      await store.writeBlock(draftId, index, blockOf(word));
      this.draft = { ...this.draft, [index]: word };
    }
    await this.#prune(store, 'map-2');
    await this.#capture(store, 'map-3', { 0: 'z', 1: 'b' });
    await store.seal(draftId);
    this.maps.set(draftId, this.draft);
    this.draft = undefined;
    await this.#prune(store, 'map-1');
  }

  async #capture(store: BlockStore, mapId: BlockMapId, words: Words, baseMapId?: BlockMapId) {
    const bytes = Buffer.alloc(blockCount * blockSizeBytes);
    for (const [index, word] of Object.entries(words)) {
      blockOf(word).copy(bytes, Number(index) * blockSizeBytes);
    }
    const before: Words = (baseMapId && this.maps.get(baseMapId)) ?? {};
    const changed = [...new Set([...Object.keys(words), ...Object.keys(before)].map(Number))]
      .filter((index) => words[index] !== before[index])
      .sort((left, right) => left - right);
    const ranges = changed.map((index) => ({
      offset: index * blockSizeBytes,
      lengthBytes: blockSizeBytes,
    }));
    this.#source = bytesSource(bytes, ranges);
    const source = { kind: 'nbd', socketPath: '', exportName: '', changedContext: '' } as const;
    await store.capture({ mapId, source, ...(baseMapId && { baseMapId }) });
    this.maps.set(mapId, words);
  }

  async #prune(store: BlockStore, mapId: BlockMapId) {
    this.removed.add(mapId);
    await store.prune(new Set([mapId]));
    this.maps.delete(mapId);
  }
}

async function wordsOf(store: BlockStore, mapId: BlockMapId): Promise<Words> {
  const words: Record<number, string> = {};
  const { blocks } = await store.listBlocks(mapId, { limit: 1000 });
  for (const { blockIndex } of blocks) {
    const block = Buffer.from((await store.readBlock(mapId, blockIndex)) ?? []);
    const word = block.toString('latin1', 0, block.indexOf(0));
    expect(Buffer.compare(block, blockOf(word))).toBe(0);
    words[blockIndex] = word;
  }
  return words;
}

/** What a store must have after a kill, when this had been promised. */
async function expectPromised(store: BlockStore, promised: Acknowledged): Promise<void> {
  const there = new Set(await store.list());
  for (const [mapId, words] of promised.maps) {
    if (promised.removed.has(mapId) && !there.has(mapId)) continue;
    expect(await wordsOf(store, mapId)).toEqual(words);
  }
  expect((await store.verify()).problems).toEqual([]);
  expect(await store.unfinishedFiles()).toEqual([]);
  // A draft may have been sealed just before the kill; else it is sealed now.
  if (promised.draft !== undefined) {
    await store.seal(draftId);
    expect(await wordsOf(store, draftId)).toMatchObject(promised.draft);
  }
  await store.prune(new Set());
  expect((await store.usage()).reclaimableBytes).toBe(0);
  expect((await store.verify()).problems).toEqual([]);
}

const options = { logger: silentLogger, threadCount: 1, segmentBytesMax: 8192 };
let steps: readonly Step<Acknowledged>[] = [];

beforeAll(async () => {
  const directory = join(folder, 'store');
  await (await openBlockStore({ directory, ...options })).close();
  const scenario = new Scenario();
  const recorded = await recordSteps({
    directory,
    into: join(folder, 'steps'),
    acknowledged: () => scenario.acknowledged(),
  });
  {
    const { openSource } = scenario;
    const { files } = recorded;
    await using store = await openBlockStore({ directory, files, openSource, ...options });
    await scenario.run(store);
    expect(await wordsOf(store, draftId)).toEqual({
      0: 'a',
      1: 'x',
      2: 'd',
      5: 'e',
      64: 'b',
      69: 'c',
    });
  }
  vi.restoreAllMocks();
  steps = recorded.steps;
  expect(steps.length).toBeGreaterThan(80);
  console.log(`killed at each of ${steps.length} steps`);
});

const parts = [0, 1, 2, 3];

test.each(parts)(
  'a process that is killed at any step has lost nothing that it had acknowledged: part %i',
  async (part) => {
    const own = steps.filter((_, index) => index % parts.length === part);
    for (const { directory, before, acknowledged } of own) {
      await using store = await openBlockStore({ directory, ...options });
      await expectPromised(store, acknowledged).catch((error: unknown) => {
        throw new Error(`killed before ${before}`, { cause: error });
      });
      await rm(directory, { recursive: true });
    }
  },
);
