import { GiB } from '@bakehouse/base';
import { noReads, type VerifyResult } from '@bakehouse/domain';
import { memoryBlockBytes, storeWords } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { launchInstance } from '../testing/launch-instance.ts';
import { testPlane } from '../testing/test-plane.ts';
import { verify } from './maintain.ts';
import { usage } from './usage.ts';

test('verify names the images, snapshots and volumes that a problem touches', async () => {
  const world = await testPlane();
  const { imageId, volumes } = await launchInstance(world);
  const other = await world.addImage();
  const image = await world.read((reader) => reader.get('image', imageId));
  const snapshotId = image?.blockDevices[0]?.ebs?.snapshotId;
  const snapshots = await world.metadata.read((tx) => tx.list('snapshot'));
  const mapId = snapshots.find(({ id }) => id === snapshotId)?.mapId;
  const problem = { what: 'chunk' as const, name: 'abc', problem: 'damaged' };
  const found: VerifyResult = {
    checkedChunks: 2,
    checkedMaps: 2,
    problems: [{ ...problem, usedBy: mapId ? [mapId] : [] }],
  };
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const damaged = Object.assign(Object.create(world.drivers.snapshots), {
    verify: async () => found,
  });
  const { problems } = await verify({ ...context, snapshots: damaged }, {}, () => {});
  expect(new Set(problems[0]?.touches)).toEqual(
    new Set([imageId, snapshotId, volumes[0]?.volumeId]),
  );
  expect(problems[0]?.touches).not.toContain(other.id);
});

test('a damaged hot map is found with the volumes that read it, and usage lists it', async () => {
  const world = await testPlane();
  const mapId = world.ids.resource('map');
  await storeWords(world.drivers.snapshots, { mapId, blockCount: 2, words: { 0: 'a' } });
  const { signal } = new AbortController();
  await world.drivers.hot.make(mapId, { signal });
  const volumeId = world.ids.resource('vol');
  await world.drivers.volumes.create({ volumeId, sizeBytes: GiB, originMapId: mapId });
  const context = world.plane.adminContext(world.scope, signal);
  const hotMap = { mapId, localBytes: memoryBlockBytes, volumeIds: [volumeId] };
  expect(await verify(context, {}, () => {})).toMatchObject({ problems: [] });
  expect((await usage(context, {}, () => {})).hotMaps).toEqual([{ ...hotMap, state: 'ready' }]);
  world.drivers.hot.damage(mapId);
  const { problems } = await verify(context, {}, () => {});
  expect(problems).toMatchObject([{ what: 'hot map', name: mapId, touches: [volumeId] }]);
  expect((await usage(context, {}, () => {})).hotMaps).toEqual([{ ...hotMap, state: 'damaged' }]);
});

test('usage lists what machines read of maps, where the host has a block server', async () => {
  const world = await testPlane();
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  expect((await usage(context, {}, () => {})).mapReads).toEqual([]);
  const mapReads = [
    { mapId: world.ids.resource('map'), total: { ...noReads, reads: 7, bytes: 4096 } },
  ];
  const reads = { ofVolumes: async () => [], ofMaps: async () => mapReads };
  expect((await usage({ ...context, reads }, {}, () => {})).mapReads).toEqual(mapReads);
});
