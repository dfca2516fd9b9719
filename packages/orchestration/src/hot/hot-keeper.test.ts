import { minuteMs, secondMs } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { storeWords } from '@bakehouse/fakes';
import { aFastRestore, aSnapshot } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { HotKeeper } from './hot-keeper.ts';
import { reservedBytes } from './plan-hot-maps.ts';

/** A keeper for a map that was launched three times, and nobody else who looks. */
async function keeperOf() {
  const world = await testPlane();
  await world.plane.stop();
  const mapId = world.ids.resource('map');
  await storeWords(world.drivers.snapshots, { mapId, blockCount: 1, words: { 0: 'a' } });
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const launches = new Map([[mapId, 3]]);
  const keeper = new HotKeeper(context, { counts: () => launches });
  return { ...world, hot: world.drivers.hot, mapId, launches, keeper };
}

test('a file that fills the disk is given up, and tried again when there is room', async () => {
  const { hot, clock, keeper } = await keeperOf();
  const ample = hot.roomBytes;
  const make = hot.make.bind(hot);
  let attempts = 0;
  hot.make = async (id, work) => {
    attempts += 1;
    hot.roomBytes = { ...ample, freeBytes: 0 };
    await keeper.settle();
    await make(id, work);
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

/** Two hot maps after a start of the host. */
async function uncheckedMaps() {
  const world = await twoHotMaps();
  world.hot.hostStarted();
  return world;
}

async function twoHotMaps() {
  const world = await keeperOf();
  const secondId = world.ids.resource('map');
  await storeWords(world.drivers.snapshots, { mapId: secondId, blockCount: 1, words: { 0: 'b' } });
  for (const mapId of [world.mapId, secondId]) {
    await world.hot.make(mapId, { signal: new AbortController().signal });
    await world.clock.advance(secondMs);
  }
  return { ...world, secondId };
}

test('a check that fails lets the next map have its turn, and is tried again later', async () => {
  const { hot, clock, keeper, mapId, secondId } = await uncheckedMaps();
  const check = hot.check.bind(hot);
  const attempts: BlockMapId[] = [];
  hot.check = async (id, work) => {
    attempts.push(id);
    if (id === mapId) throw new Error('the store cannot be reached');
    return await check(id, work);
  };
  await keeper.look();
  await clock.advance(10 * secondMs);
  await keeper.look();
  expect(attempts[0]).toBe(mapId);
  expect(attempts.slice(1)).toEqual([secondId]);
  hot.check = check;
  await keeper.look();
  expect((await hot.list()).map(({ state }) => state)).toEqual(['unchecked', 'ready']);
  await clock.advance(minuteMs);
  await keeper.look();
  expect((await hot.list()).map(({ state }) => state)).toEqual(['ready', 'ready']);
});

test('a check goes on while the disk gets full', async () => {
  const { hot, keeper } = await uncheckedMaps();
  const ample = hot.roomBytes;
  const check = hot.check.bind(hot);
  hot.check = async (id, work) => {
    hot.roomBytes = { ...ample, freeBytes: 0 };
    await keeper.settle();
    return await check(id, work);
  };
  await keeper.look();
  expect((await hot.list()).map(({ state }) => state)).toEqual(['ready', 'unchecked']);
});

test('while the disk is full a map is dropped that no guest needs, though it was used last', async () => {
  const { hot, keeper, mapId, secondId } = await twoHotMaps();
  const dropped: BlockMapId[] = [];
  const drop = hot.drop.bind(hot);
  hot.drop = async (id, atRest) => {
    dropped.push(id);
    return id === secondId && (await drop(id, atRest));
  };
  hot.roomBytes = { ...hot.roomBytes, freeBytes: 0 };
  await keeper.makeRoom();
  expect(dropped).toEqual([mapId, secondId]);
  expect((await hot.list()).map((each) => each.mapId)).toEqual([mapId]);
});

test('a drop that fails leaves the next map to be tried', async () => {
  const { hot, keeper, mapId } = await twoHotMaps();
  const drop = hot.drop.bind(hot);
  hot.drop = async (id, atRest) => {
    if (id === mapId) throw new Error('the folder cannot be removed');
    return await drop(id, atRest);
  };
  hot.roomBytes = { ...hot.roomBytes, freeBytes: 0 };
  await keeper.makeRoom();
  expect((await hot.list()).map((each) => each.mapId)).toEqual([mapId]);
});

test('no more is dropped than what is missing', async () => {
  const { hot, keeper, secondId } = await twoHotMaps();
  const { totalBytes } = hot.roomBytes;
  hot.roomBytes = { totalBytes, freeBytes: reservedBytes(hot.roomBytes) - 1 };
  await keeper.makeRoom();
  expect((await hot.list()).map((each) => each.mapId)).toEqual([secondId]);
});

test('a drop does not wait for the check of another map', async () => {
  const { hot, keeper, mapId } = await uncheckedMaps();
  const check = hot.check.bind(hot);
  hot.check = async (id, work) => {
    hot.roomBytes = { ...hot.roomBytes, freeBytes: 0 };
    await keeper.makeRoom();
    expect((await hot.list()).map((each) => each.mapId)).toEqual([mapId]);
    return await check(id, work);
  };
  await keeper.look();
  expect(await hot.list()).toMatchObject([{ mapId, state: 'ready' }]);
});

test('a file of launches that all grew old is given up, and is no failure', async () => {
  const { hot, keeper, mapId, launches } = await keeperOf();
  const make = hot.make.bind(hot);
  let endAs = 0;
  hot.make = async (id, work) => {
    launches.set(mapId, endAs);
    await keeper.settle();
    await make(id, work);
  };
  await keeper.look();
  expect(await hot.list()).toEqual([]);
  launches.set(mapId, 3);
  endAs = 1;
  await keeper.look();
  expect(await hot.list()).toMatchObject([{ mapId }]);
});

test('a restore that is enabled is not taken back by a look that began before', async () => {
  const { hot, clock, keeper, mapId, metadata } = await keeperOf();
  const snapshot = aSnapshot({ mapId });
  const restore = aFastRestore({ snapshotId: snapshot.id, state: 'optimizing' });
  await metadata.write(async (tx) => {
    await tx.put('snapshot', snapshot);
    await tx.put('fastRestore', restore);
  });
  const listed = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const list = hot.list.bind(hot);
  hot.list = async () => {
    hot.list = list;
    const before = await list();
    listed.resolve();
    await gate.promise;
    return before;
  };
  const early = keeper.settle();
  await listed.promise;
  await hot.make(mapId, { signal: new AbortController().signal });
  const late = keeper.settle();
  await clock.advance(secondMs);
  gate.resolve();
  await Promise.all([early, late]);
  const found = await metadata.read((tx) => tx.get('fastRestore', restore.id));
  expect(found?.state).toBe('enabled');
  expect(found?.enteredAt.optimizing).toBe(restore.enteredAt.optimizing);
});
