import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

const zone = { AvailabilityZone: 'us-east-1a' };

async function withSnapshot() {
  const context = await testContext();
  const image = await context.addImage();
  return { ...context, image, SnapshotId: image.blockDevices[0]?.ebs?.snapshotId ?? '' };
}

test('a rate needs a snapshot and its range, and no image keeps one', async () => {
  const { call, SnapshotId, image } = await withSnapshot();
  const create = (request: object) => call('CreateVolume', { ...zone, ...request });
  for (const VolumeInitializationRate of [99, 301, 0]) {
    await expect(create({ SnapshotId, VolumeInitializationRate })).rejects.toMatchObject({
      code: 'InvalidParameterValue',
    });
  }
  const rate = { VolumeInitializationRate: 100 };
  const code = 'InvalidParameterCombination';
  await expect(create({ Size: 1, ...rate })).rejects.toMatchObject({ code });
  const BlockDeviceMappings = [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, ...rate } }];
  const launch = { ImageId: image.id, MinCount: 1, MaxCount: 1, BlockDeviceMappings };
  await expect(call('RunInstances', launch)).rejects.toMatchObject({ code });
  const register = {
    ...{ Name: 'with a rate', RootDeviceName: '/dev/xvda' },
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId, ...rate } }],
  };
  await expect(call('RegisterImage', register)).rejects.toMatchObject({ code });
});

test('DescribeVolumeStatus finds volumes by how complete they are', async () => {
  const context = await withSnapshot();
  const { call, SnapshotId } = context;
  const ids = [];
  for (const request of [
    { Size: 1 },
    { SnapshotId },
    { SnapshotId, VolumeInitializationRate: 300 },
  ]) {
    const made = await call('CreateVolume', { ...zone, ...request });
    ids.push(made.VolumeId ?? '');
    await context.settle();
  }
  await settle();
  const [empty, thin, filled] = ids;
  const find = async (Name: string, value: string) => {
    const Filters = [{ Name, Values: [value] }];
    const { VolumeStatuses = [] } = await call('DescribeVolumeStatus', { Filters });
    return VolumeStatuses.map(({ VolumeId }) => VolumeId);
  };
  const detail = (kind: string) => `volume-status.details-${kind}`;
  const ofSnapshot = [thin, filled].sort();
  expect((await find(detail('name'), 'initialization-state')).sort()).toEqual(ofSnapshot);
  expect(await find(detail('status'), 'initializing')).toEqual([thin]);
  expect(await find(detail('status'), 'completed')).toEqual([filled]);
  expect(await find(detail('name'), 'io-enabled')).toContain(empty);
});
