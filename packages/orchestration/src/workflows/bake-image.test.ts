import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AdminResult, PlatformEvent } from '@bakehouse/admin-api';
import { expect, test } from 'vitest';
import { bakeCancel, bakeList, bakeStart } from '../admin/bakes.ts';
import { testPlane } from '../testing/test-plane.ts';

const ignore = () => {};

async function operator() {
  const world = await testPlane();
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const find = async (bakeId: AdminResult<'BakeList'>['bakes'][number]['bakeId']) => {
    const { bakes } = await bakeList(context, { bakeId }, ignore);
    return bakes[0];
  };
  const records = () =>
    world.read(async (tx) => ({
      images: await tx.list('image'),
      snapshots: await tx.list('snapshot'),
    }));
  return { ...world, context, find, records };
}

test('a bake publishes one image in every region, of the same blocks', async () => {
  const { context, find, records, settle, drivers } = await operator();
  const { bakeId } = await bakeStart(context, {}, ignore);
  await settle();
  const bake = await find(bakeId);
  expect(bake).toMatchObject({
    state: 'completed',
    recipe: 'bakehouse-linux',
    isCancelling: false,
  });
  const { images, snapshots } = await records();
  const published = images.map(({ id, region }) => ({ region, imageId: id }));
  expect(new Set(bake?.images)).toEqual(new Set(published));
  expect(images.map(({ region }) => region).sort()).toEqual(['us-east-1', 'us-west-2']);
  expect(snapshots.map(({ state }) => state)).toEqual(['completed', 'completed']);
  expect(new Set(snapshots.map(({ mapId }) => mapId)).size).toBe(1);
  expect(drivers.builder.disks).toEqual([]);
});

test('asking again while a bake is in progress returns it; another recipe waits for the builder', async () => {
  const { context, find, records, settle } = await operator();
  const first = await bakeStart(context, {}, ignore);
  const again = await bakeStart(context, { recipe: 'bakehouse-linux' }, ignore);
  const other = await bakeStart(context, { recipe: 'base' }, ignore);
  expect([first.isNew, again.isNew, other.isNew]).toEqual([true, false, true]);
  expect(again.bakeId).toBe(first.bakeId);
  await settle();
  const ended = [await find(first.bakeId), await find(other.bakeId)];
  expect(ended.map((bake) => bake?.state)).toEqual(['completed', 'completed']);
  expect((await records()).images).toHaveLength(4);
  expect((await bakeStart(context, {}, ignore)).isNew).toBe(true);
});

test('a bake that is cancelled while its disk is built ends without an image', async () => {
  const { context, find, records, settle, drivers } = await operator();
  const { promise: building, resolve } = Promise.withResolvers<void>();
  drivers.builder.bake = async ({ signal }) => {
    resolve();
    for (;;) {
      signal?.throwIfAborted();
      await nextTurn();
    }
  };
  const { bakeId } = await bakeStart(context, {}, ignore);
  await building;
  expect(await bakeCancel(context, { bakeId }, ignore)).toMatchObject({
    state: 'in-progress',
    isCancelling: true,
  });
  await settle();
  expect(await find(bakeId)).toMatchObject({ state: 'cancelled', isCancelling: false });
  expect(await records()).toEqual({ images: [], snapshots: [] });
  const refused = { code: 'InvalidParameterValue', message: expect.stringContaining('cancelled') };
  await expect(bakeCancel(context, { bakeId }, ignore)).rejects.toMatchObject(refused);
});

test('a bake that is cancelled while it waits for the builder builds nothing', async () => {
  const { context, find, settle, drivers } = await operator();
  const built: string[] = [];
  const bake = drivers.builder.bake.bind(drivers.builder);
  drivers.builder.bake = async (options) => {
    built.push(options.recipe);
    return await bake(options);
  };
  await bakeStart(context, {}, ignore);
  const { bakeId } = await bakeStart(context, { recipe: 'base' }, ignore);
  await bakeCancel(context, { bakeId }, ignore);
  await settle();
  expect([(await find(bakeId))?.state, built]).toEqual(['cancelled', ['bakehouse-linux']]);
});

test('a bake whose record cannot be read when it changes goes on, and ends nothing else', async () => {
  const { context, find, settle, drivers, metadata } = await operator();
  const bake = drivers.builder.bake.bind(drivers.builder);
  const read = metadata.read.bind(metadata);
  drivers.builder.bake = async (options) => {
    metadata.read = () => Promise.reject(new Error('the store is closing'));
    await context.metadata.write(async (tx) => {
      for (const each of await tx.list('bake')) await tx.put('bake', each);
    });
    await nextTurn();
    metadata.read = read;
    return await bake(options);
  };
  const { bakeId } = await bakeStart(context, {}, ignore);
  await settle();
  expect(await find(bakeId)).toMatchObject({ state: 'completed' });
});

test('a bake that is cancelled while its blocks are stored takes its snapshot back', async () => {
  const { context, find, records, settle, drivers } = await operator();
  const { promise: storing, resolve } = Promise.withResolvers<void>();
  drivers.snapshots.capture = async (_, { signal } = {}) => {
    resolve();
    for (;;) {
      signal?.throwIfAborted();
      await nextTurn();
    }
  };
  const { bakeId } = await bakeStart(context, {}, ignore);
  await storing;
  expect((await records()).snapshots).toMatchObject([{ state: 'pending' }]);
  await bakeCancel(context, { bakeId }, ignore);
  await settle();
  expect(await find(bakeId)).toMatchObject({ state: 'cancelled' });
  expect(await records()).toEqual({ images: [], snapshots: [] });
  expect(drivers.builder.disks).toEqual([]);
});

test('a bake that is cancelled at its very end has no image', async () => {
  const { context, find, records, settle, drivers } = await operator();
  const { bakeId } = await bakeStart(context, {}, ignore);
  const findMap = drivers.snapshots.find.bind(drivers.snapshots);
  drivers.snapshots.find = async (mapId) => {
    expect(await bakeCancel(context, { bakeId }, ignore)).toMatchObject({ isCancelling: true });
    return await findMap(mapId);
  };
  await settle();
  expect(await find(bakeId)).toMatchObject({ state: 'cancelled', isCancelling: false });
  expect(await records()).toEqual({ images: [], snapshots: [] });
  expect(drivers.builder.disks).toEqual([]);
});

test('a disk that cannot be removed stops no bake, and none after it', async () => {
  const { context, find, settle, drivers } = await operator();
  const capture = drivers.snapshots.capture.bind(drivers.snapshots);
  drivers.snapshots.capture = () => Promise.reject(new Error('the disk is damaged'));
  drivers.builder.discard = () => Promise.reject(new Error('not a disk of this builder'));
  const first = await bakeStart(context, {}, ignore);
  await settle();
  expect(await find(first.bakeId)).toMatchObject({
    state: 'failed',
    failure: { message: 'the disk is damaged' },
  });
  drivers.snapshots.capture = capture;
  const second = await bakeStart(context, {}, ignore);
  await settle();
  expect(await find(second.bakeId)).toMatchObject({ state: 'completed' });
});

test('a bake whose build fails says why', async () => {
  const { context, find, settle, drivers } = await operator();
  drivers.builder.bake = () => Promise.reject(new Error('no mirror replies'));
  const { bakeId } = await bakeStart(context, {}, ignore);
  await settle();
  expect(await find(bakeId)).toMatchObject({
    state: 'failed',
    failure: { code: 'InternalError', message: 'no mirror replies' },
  });
});

test('the operator reads of a bake from its events', async () => {
  const { context, plane, scope, settle } = await operator();
  const leaving = new AbortController();
  const reader = plane.events.read({ accountId: scope.accountId }, leaving.signal);
  await reader.next();
  const { bakeId } = await bakeStart(context, {}, ignore);
  await settle();
  const events: PlatformEvent[] = [];
  const isEnd = ({ id, ...event }: PlatformEvent) =>
    event.type === 'record' && id === bakeId && event.state === 'completed';
  for await (const entry of reader) {
    if (entry.type !== 'event') continue;
    events.push(entry.event);
    if (isEnd(entry.event)) leaving.abort();
  }
  const stages = events.flatMap((each) =>
    each.type === 'progress' && each.id === bakeId ? [each.stage] : [],
  );
  expect(stages).toEqual(['bootstrap', 'configure', 'pack', 'store']);
  const images = events.filter((each) => each.type === 'record' && each.kind === 'image');
  expect(images).toHaveLength(2);
});

test('a bake whose name another image of the platform has publishes nothing', async () => {
  const { context, find, records, settle, drivers, scope, addImage } = await operator();
  const bake = drivers.builder.bake.bind(drivers.builder);
  drivers.builder.bake = async (options) => ({ ...(await bake(options)), name: 'taken' });
  const { platformAccountId } = context.settings;
  const theirs = await addImage({ name: 'taken', ownerId: scope.accountId });
  const other = await addImage({ name: 'taken', ownerId: platformAccountId, region: 'us-west-2' });
  const before = await records();
  const { bakeId } = await bakeStart(context, {}, ignore);
  await settle();
  expect(await find(bakeId)).toMatchObject({
    state: 'failed',
    failure: {
      code: 'InvalidAMIName.Duplicate',
      message: `AMI name taken is already in use by AMI ${other.id}`,
    },
  });
  expect(await records()).toEqual(before);
  await context.metadata.write((tx) => tx.delete('image', other.id));
  const second = await bakeStart(context, {}, ignore);
  await settle();
  expect(await find(second.bakeId)).toMatchObject({ state: 'completed', name: 'taken' });
  expect((await records()).images.map(({ id }) => id)).toContain(theirs.id);
});

test('a recipe that does not exist is refused with those that do', async () => {
  const { context } = await operator();
  await expect(bakeStart(context, { recipe: 'cake' }, ignore)).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: "There is no recipe 'cake'; there are: bakehouse-linux, base",
  });
});
