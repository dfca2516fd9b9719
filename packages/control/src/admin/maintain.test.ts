import type { VerifyResult } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';
import { verify } from './maintain.ts';

test('verify names the images, snapshots and volumes that a problem touches', async () => {
  const world = await testContext();
  const image = await world.addImage();
  const other = await world.addImage();
  const snapshotId = image.blockDevices[0]?.ebs?.snapshotId;
  const SnapshotId = snapshotId ?? '';
  const made = await world.call('CreateVolume', { AvailabilityZone: 'us-east-1a', SnapshotId });
  await world.settle();
  const snapshots = await world.metadata.read((tx) => tx.list('snapshot'));
  const mapId = snapshots.find(({ id }) => id === snapshotId)?.mapId;
  const problem = { what: 'chunk' as const, name: 'abc', problem: 'damaged' };
  const found: VerifyResult = {
    checkedChunks: 2,
    checkedMaps: 2,
    problems: [{ ...problem, usedBy: mapId ? [mapId] : [] }],
  };
  const scope = { accountId: world.scope.accountId, region: world.scope.region };
  const context = world.plane.adminContext(scope, new AbortController().signal);
  const events = [];
  const damaged = Object.assign(Object.create(world.powers.snapshots), {
    verify: async () => found,
  });
  for await (const event of verify({ ...context, snapshots: damaged }, {})) events.push(event);
  const { problems } = events.at(-1) as { problems: { touches: string[] }[] };
  expect(new Set(problems[0]?.touches)).toEqual(new Set([image.id, snapshotId, made.VolumeId]));
  expect(problems[0]?.touches).not.toContain(other.id);
});
