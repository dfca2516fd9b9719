import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { afterEach, expect, test, vi } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { encodeReadOrder } from '../src/format/read-order-format.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { bootGuest } from './support/guest-boot.ts';
import { recordSteps } from './support/steps.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

const mapId: BlockMapId = 'map-00000000000000001';
const otherId: BlockMapId = 'map-00000000000000002';
const blockCount = 40;
const blocks = Array.from({ length: blockCount }, (_, at) => at);

function disk(word: string): Buffer {
  const bytes = Buffer.alloc(blockCount * blockSizeBytes);
  for (const block of blocks) bytes.write(`${word} ${block}`, block * blockSizeBytes);
  return bytes;
}

async function storeWithMaps(): Promise<TemporaryStore & { readonly orders: string }> {
  const temporary = await temporaryStore();
  await temporary.capture(mapId, bytesSource(disk('one')));
  await temporary.capture(otherId, bytesSource(disk('two')));
  return { ...temporary, orders: join(temporary.directory, 'orders') };
}

const valid = encodeReadOrder(mapId, { launches: 3, blocks: blocks.toReversed() });
const hostile = Buffer.alloc(10 * 1024 * 1024, 0xff);

test.each([
  ['empty', Buffer.alloc(0)],
  ['torn', valid.subarray(0, valid.length - 1)],
  ['of another map', encodeReadOrder(otherId, { launches: 3, blocks })],
  ['of another program', Buffer.from('#!/bin/sh\nexit 1\n'.repeat(50))],
  ['far too long', hostile],
])('a file that is %s is no order, and the next launch writes it again', async (_, content) => {
  await using temporary = await storeWithMaps();
  const { store, orders } = temporary;
  await writeFile(join(orders, mapId), content);
  expect(await store().orders.find(mapId)).toBeUndefined();
  expect(await bootGuest(store(), { mapId, blocks })).toMatchObject({ aheadBlocks: 0 });
  expect(await store().orders.find(mapId)).toEqual({ launches: 1, blocks });
});

test('an order of blocks that the map does not have fetches nothing and harms nothing', async () => {
  await using temporary = await storeWithMaps();
  const beyond = [2 ** 32 - 1, 2 ** 31, 5_000_000, blockCount];
  await temporary.store().orders.keep(mapId, { launches: 3, blocks: beyond });
  const counts = await bootGuest(temporary.store(), { mapId, blocks });
  expect(counts).toMatchObject({ newBlocks: blockCount, aheadBlocks: 0 });
});

test('a folder in place of the file fails no guest, and no opening of the store', async () => {
  await using temporary = await storeWithMaps();
  await mkdir(join(temporary.orders, mapId));
  const counts = await bootGuest(temporary.store(), { mapId, blocks });
  expect(counts.newBlocks).toBe(blockCount);
  await temporary.reopen();
  expect(await temporary.store().orders.find(mapId)).toBeUndefined();
});

test('an order goes with its map, and counts in the sizes', async () => {
  await using temporary = await storeWithMaps();
  const { store, orders } = temporary;
  const before = await store().usage();
  for (const id of [mapId, otherId]) await bootGuest(store(), { mapId: id, blocks });
  expect((await readdir(orders)).toSorted()).toEqual([mapId, otherId]);
  const { size } = await stat(join(orders, mapId));
  const after = await store().usage();
  expect(after.onDiskBytes - before.onDiskBytes).toBe(2 * size);
  await store().prune(new Set([mapId]));
  expect(await readdir(orders)).toEqual([otherId]);
  await store().orders.keep(mapId, { launches: 1, blocks });
  expect(await readdir(orders)).toEqual([otherId]);
});

test('opening removes orders of maps that are gone, and what is none', async () => {
  await using temporary = await storeWithMaps();
  const { store, orders } = temporary;
  await store().orders.keep(mapId, { launches: 1, blocks });
  await writeFile(join(orders, 'map-0000000000000000f'), valid);
  await writeFile(join(orders, 'notes'), 'x');
  await temporary.reopen();
  expect(await readdir(orders)).toEqual([mapId]);
});

test('killed at any moment of a launch or a prune: an old order, a new one or none, and nothing else is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'blockstore-order-steps-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const directory = join(folder, 'store');
  let known: 'none' | 'first' | 'second' | 'removed' = 'none';
  const options = { logger: silentLogger, threadCount: 1 };
  const openSource = async () => bytesSource(disk('one'));
  {
    await using store = await openBlockStore({ ...options, directory, openSource });
    const source = { kind: 'nbd', socketPath: '', exportName: '', changedContext: '' } as const;
    await store.capture({ mapId, source });
  }
  const recorded = await recordSteps({ directory, into: folder, acknowledged: () => known });
  {
    await using store = await openBlockStore({ ...options, directory, files: recorded.files });
    await bootGuest(store, { mapId, blocks: blocks.slice(0, 20) });
    known = 'first';
    await bootGuest(store, { mapId, blocks });
    known = 'second';
    await store.prune(new Set([mapId]));
    known = 'removed';
  }
  vi.restoreAllMocks();
  const first = { launches: 1, blocks: blocks.slice(0, 20) };
  const second = { launches: 2, blocks };
  const allowed = {
    none: [undefined, first],
    first: [first, second],
    second: [second, undefined],
    removed: [undefined],
  };
  expect(new Set(recorded.steps.map(({ acknowledged }) => acknowledged))).toContain('second');
  for (const step of recorded.steps) {
    await using store = await openBlockStore({ ...options, directory: step.directory });
    expect(allowed[step.acknowledged]).toContainEqual(await store.orders.find(mapId));
    expect(await store.unfinishedFiles()).toEqual([]);
    const names = await readdir(join(step.directory, 'orders'));
    expect(names.every((name) => name === mapId)).toBe(true);
    if (!(await store.find(mapId))) expect(names).toEqual([]);
  }
});
