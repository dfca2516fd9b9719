import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MiB, silentLogger } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { temporaryStore } from './support/temporary-store.ts';

const isClosing = { message: 'the block store is closing' };
const blockCount = 30;
const page = { first: 0, limit: 100 };

/** Two maps of noise, none of it in memory. */
async function storeOfTwo() {
  const temporary = await temporaryStore(64 * MiB);
  for (const mapId of ['map-a', 'map-b'] as const) {
    await temporary.capture(mapId, bytesSource(randomBytes(blockCount * blockSizeBytes)));
  }
  await temporary.reopen();
  return temporary;
}

test('closing waits for reads and a prune that have begun, and ends a verify', async () => {
  await using temporary = await storeOfTwo();
  const store = temporary.store();
  const map = await store.openMap('map-a');
  const indexes = Array.from({ length: blockCount }, (_, index) => index);
  const ended: string[] = [];
  const begun = [
    ...indexes.map((index) => store.readBlock('map-a', index)),
    map.read(0, map.sizeBytes),
    store.listBlocks('map-a', page),
    store.prune(new Set(['map-b'])),
  ].map((work) => work.then(() => ended.push('work')));
  const verifying = store.verify().catch((error: unknown) => {
    ended.push('work');
    return error;
  });
  await nextTurn();
  const closing = temporary.close().then(() => ended.push('close'));
  await Promise.all([...begun, closing]);
  expect(await verifying).toMatchObject(isClosing);
  expect([ended.length, ended.at(-1)]).toEqual([begun.length + 2, 'close']);
  await temporary.reopen();
  expect(await temporary.store().list()).toEqual(['map-a']);
  expect((await temporary.store().verify()).problems).toEqual([]);
});

test('a prune that has not had its turn when the store closes is refused', async () => {
  await using temporary = await storeOfTwo();
  const store = temporary.store();
  const waiting = [store.usage(), store.prune(new Set(['map-b']))];
  const closing = temporary.close();
  for (const outcome of await Promise.allSettled(waiting)) {
    expect(outcome).toMatchObject({ reason: isClosing });
  }
  await closing;
  await temporary.reopen();
  expect(await temporary.store().list()).toEqual(['map-a', 'map-b']);
});

test('a store that is closed does not touch the folder, which another process may have', async () => {
  await using temporary = await storeOfTwo();
  const store = temporary.store();
  const map = await store.openMap('map-a');
  await temporary.close();
  const { directory } = temporary;
  await using other = await openBlockStore({ directory, logger: silentLogger });
  const refused = [
    () => store.prune(new Set(['map-a'])),
    () => store.usage(),
    () => store.verify(),
    () => store.find('map-a'),
    () => store.readBlock('map-a', 0),
    () => store.listBlocks('map-a', page),
    () => store.diffBlocks({ before: 'map-a', after: 'map-b' }, page),
    () => store.openMap('map-a'),
    () => map.readBlock(0),
    () => map.read(0, 1),
  ];
  for (const call of refused) await expect(call()).rejects.toMatchObject(isClosing);
  expect(await readdir(join(directory, 'maps'))).toHaveLength(2);
  expect((await other.verify()).problems).toEqual([]);
});
