import { minuteMs, secondMs } from '@bakehouse/base';
import type { HotWork } from '@bakehouse/domain';
import { settle, storeWords } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { HotKeeper } from './hot-keeper.ts';

/** A keeper for a map that was launched three times. */
async function keeperOf() {
  const world = await testPlane();
  const mapId = world.ids.resource('map');
  await storeWords(world.drivers.snapshots, { mapId, blockCount: 1, words: { 0: 'a' } });
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const keeper = new HotKeeper(context, { counts: () => new Map([[mapId, 3]]) });
  return { ...world, hot: world.drivers.hot, mapId, keeper };
}

test('a file that fills the disk is given up, and tried again when there is room', async () => {
  const { hot, clock, keeper } = await keeperOf();
  const ample = hot.roomBytes;
  const make = hot.make.bind(hot);
  let attempts = 0;
  hot.make = async (id, { signal, onProgress }: HotWork) => {
    attempts += 1;
    await clock.advance(10 * secondMs);
    hot.roomBytes = { ...ample, freeBytes: 0 };
    onProgress?.({ doneBytes: 1, totalBytes: 2 });
    await settle();
    await make(id, { signal });
  };
  await keeper.look();
  expect([attempts, await hot.list()]).toEqual([1, []]);
  await keeper.look();
  hot.make = make;
  hot.roomBytes = ample;
  await keeper.look();
  expect([attempts, await hot.list()]).toEqual([1, []]);
  await clock.advance(5 * minuteMs);
  await keeper.look();
  expect(await hot.list()).toHaveLength(1);
});

test('a keeper that stops interrupts the file that it makes', async () => {
  const { hot, keeper } = await keeperOf();
  const make = hot.make.bind(hot);
  hot.make = async (id, work) => {
    keeper.stop();
    await make(id, work);
  };
  await keeper.look();
  expect(await hot.list()).toEqual([]);
});
