import type { VerifyResult } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launchInstance } from '../testing/launch-instance.ts';
import { testPlane } from '../testing/test-plane.ts';
import { verify } from './maintain.ts';

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
