import { type BlockMapId, blockBytes, type InstanceId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launchInstance, testPlane } from '../testing/index.ts';
import { findUnnamed } from './find-unnamed.ts';

/** A platform with one running instance, and what a crash could have left. */
async function bench() {
  const world = await testPlane();
  const instance = await launchInstance(world);
  const { compute, network, publisher, snapshots, volumes } = world.drivers;
  const drivers = { compute, keeper: compute, network, publisher, snapshots, volumes };
  return { world, instance, drivers };
}

test('what records name is no leftover', async () => {
  const { world, drivers } = await bench();
  expect(await findUnnamed(world.metadata, drivers)).toEqual([]);
});

test('without their records, everything of an instance is a leftover, and can be removed', async () => {
  const { world, drivers } = await bench();
  await world.metadata.reset(['account']);
  const found = await findUnnamed(world.metadata, drivers);
  expect(found.map(({ kind }) => kind).sort()).toEqual([
    'guest metadata',
    'machine',
    'machine files',
    'network interface',
    'volume',
  ]);
  for (const leftover of found) await leftover.remove();
  for (const leftover of found) await leftover.remove();
  expect(await findUnnamed(world.metadata, drivers)).toEqual([]);
});

test('a stopped instance should have no machine, and keeps its files', async () => {
  const { world, instance, drivers } = await bench();
  await world.metadata.write((tx) => tx.put('instance', { ...instance, state: 'stopped' }));
  const found = await findUnnamed(world.metadata, drivers);
  expect(found.map(({ kind, name }) => [kind, name])).toEqual([['machine', instance.id]]);
  await found[0]?.remove();
  expect(await drivers.compute.readConsole(instance.id)).toBeDefined();
});

test('what is made while it looks is no leftover: its record was written first', async () => {
  const { world, drivers } = await bench();
  const id: InstanceId = 'i-0000000000000000f';
  const racing = {
    ...drivers,
    publisher: {
      ...drivers.publisher,
      async list() {
        const instance = (await world.read((tx) => tx.list('instance')))[0];
        if (instance) await world.metadata.write((tx) => tx.put('instance', { ...instance, id }));
        return [id];
      },
      withdraw: (instanceId: InstanceId) => drivers.publisher.withdraw(instanceId),
    },
  };
  expect(await findUnnamed(world.metadata, racing)).toEqual([]);
});

test('a kind whose driver is absent is not looked for', async () => {
  const { world, drivers } = await bench();
  await world.metadata.reset(['account']);
  const found = await findUnnamed(world.metadata, { volumes: drivers.volumes });
  expect(found.map(({ kind }) => kind)).toEqual(['volume']);
});

test('the block maps of one look are removed by one prune', async () => {
  const { world, drivers } = await bench();
  const { snapshots } = drivers;
  for (const mapId of ['map-1', 'map-2'] as const) {
    await snapshots.begin({ mapId, sizeBytes: blockBytes });
  }
  let prunes = 0;
  const counted = {
    list: () => snapshots.list(),
    async prune(remove: ReadonlySet<BlockMapId>) {
      prunes += 1;
      return await snapshots.prune(remove);
    },
  };
  const found = await findUnnamed(world.metadata, { snapshots: counted });
  expect(found.map(({ name }) => name)).toEqual(['map-1', 'map-2']);
  for (const leftover of found) await leftover.remove();
  expect(await findUnnamed(world.metadata, { snapshots: counted })).toEqual([]);
  expect(prunes).toBe(1);
});

test('block maps whose prune failed are removed by the next call', async () => {
  const { world, drivers } = await bench();
  const { snapshots } = drivers;
  await snapshots.begin({ mapId: 'map-1', sizeBytes: blockBytes });
  const failures = [new Error('the disk is full')];
  const failing = {
    list: () => snapshots.list(),
    async prune(remove: ReadonlySet<BlockMapId>) {
      const failure = failures.pop();
      if (failure) throw failure;
      return await snapshots.prune(remove);
    },
  };
  const [leftover] = await findUnnamed(world.metadata, { snapshots: failing });
  await expect(leftover?.remove()).rejects.toThrow('the disk is full');
  await leftover?.remove();
  expect(await snapshots.list()).toEqual([]);
});
