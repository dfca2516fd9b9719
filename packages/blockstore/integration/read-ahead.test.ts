import { randomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { KiB, silentLogger } from '@bakehouse/base';
import type { BlockMapId, ReadCounts } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { gatedFiles } from './support/gated-files.ts';
import { bootGuest } from './support/guest-boot.ts';
import { slowFiles } from './support/slow-files.ts';
import { temporaryStore } from './support/temporary-store.ts';

const mapId: BlockMapId = 'map-00000000000000001';
const blockCount = 120;
/** Every block once, none behind the one before it, as a file system's files lie. */
const bootOrder = Array.from({ length: blockCount }, (_, at) => (at * 77) % blockCount);

/** A store with a disk whose blocks have little in them, so that unpacking takes no time; most are in sealed segments. */
async function storeWithDisk() {
  const temporary = await temporaryStore(16 * KiB);
  const disk = Buffer.alloc(blockCount * blockSizeBytes);
  for (let block = 0; block < blockCount; block += 1) {
    randomBytes(1000).copy(disk, block * blockSizeBytes);
  }
  await temporary.capture(mapId, bytesSource(disk));
  return temporary;
}

test("the second boot's reads were read ahead in the order of the first, after a start of the store", async () => {
  await using temporary = await storeWithDisk();
  const first = await bootGuest(temporary.store(), { mapId, blocks: bootOrder });
  expect(first).toMatchObject({ newBlocks: blockCount, aheadBlocks: 0, waits: blockCount });
  await temporary.reopen();
  const second = await bootGuest(temporary.store(), { mapId, blocks: bootOrder });
  expect(second.newBlocks).toBe(blockCount);
  expect(second.aheadBlocks).toBeGreaterThanOrEqual(blockCount - 8);
});

test('with blocks that take 40 ms to come, a guest that computes meanwhile hardly waits', async () => {
  await using temporary = await storeWithDisk();
  await bootGuest(temporary.store(), { mapId, blocks: bootOrder });
  await temporary.close();
  const bootFromAfar = async (readsAhead: boolean) => {
    const { directory } = temporary;
    await using store = await openBlockStore({
      directory,
      files: slowFiles(directory, 40),
      logger: silentLogger,
      threadCount: 1,
    });
    const compute = () => delay(20);
    return await bootGuest(store, { mapId, blocks: bootOrder, readsAhead, compute });
  };
  const without = await bootFromAfar(false);
  const withIt = await bootFromAfar(true);
  expect(withIt.aheadBlocks).toBeGreaterThanOrEqual(blockCount - 8);
  // The first read waits for the threads that unpack, which has nothing to do with where blocks are.
  const waitedMs = (counts: ReadCounts) => counts.waitedMs - counts.longestMs;
  expect(waitedMs(without)).toBeGreaterThanOrEqual(40 * 0.8 * blockCount);
  expect(waitedMs(withIt)).toBeLessThan(waitedMs(without) / 4);
});

test('a guest that reads something else gets its own bytes, and little is read for nothing', async () => {
  await using temporary = await storeWithDisk();
  await bootGuest(temporary.store(), { mapId, blocks: bootOrder.slice(0, 30) });
  await temporary.reopen();
  const others = bootOrder.slice(60);
  const counts = await bootGuest(temporary.store(), { mapId, blocks: others });
  expect(counts).toMatchObject({ newBlocks: others.length, aheadBlocks: 0 });
  // It departed, so that the next one of its kind is led by what it read.
  await temporary.reopen();
  const next = await bootGuest(temporary.store(), { mapId, blocks: others });
  expect(next.aheadBlocks).toBeGreaterThanOrEqual(others.length - 8);
});

/** The disk's map in a store whose chunks come when the test lets them; one is read ahead, another one is asked for. */
async function gatedReads() {
  const temporary = await storeWithDisk();
  await temporary.close();
  const { directory } = temporary;
  const gate = gatedFiles(directory);
  const { files, waiting } = gate;
  const store = await openBlockStore({ directory, files, logger: silentLogger, threadCount: 1 });
  const map = await store.openMap(mapId);
  gate.shut();
  const ahead = map.readAhead(0);
  await expect.poll(() => waiting.length, { timeout: 30_000 }).toBe(1);
  const asked = map.readBlock(1);
  await expect.poll(() => waiting.length, { timeout: 30_000 }).toBe(2);
  return {
    map,
    ahead,
    asked,
    waiting,
    async [Symbol.asyncDispose]() {
      gate.open();
      await store.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

test('what a guest waits for is unpacked before what is read ahead, also when it came later', async () => {
  await using gated = await gatedReads();
  const { ahead, asked, waiting } = gated;
  const ended: string[] = [];
  const both = [
    ahead.then(() => ended.push('read ahead')),
    asked.then(() => ended.push('asked for')),
  ];
  waiting[0]?.();
  // The file's bytes are there, and its turn has not come.
  for (let turn = 0; turn < 200; turn += 1) await nextTurn();
  waiting[1]?.();
  await Promise.all(both);
  expect(ended).toEqual(['asked for', 'read ahead']);
});

test('a block that is being read ahead is unpacked at once when a guest asks for it', async () => {
  await using gated = await gatedReads();
  const { map, ahead, waiting } = gated;
  waiting[0]?.();
  expect(await map.readBlock(0)).toHaveLength(blockSizeBytes);
  expect(await ahead).toBe(true);
});
