import { expect, test } from 'vitest';
import {
  type RecordedName,
  type RecordedReply,
  recordedReplies,
} from '../testing/recorded-members.ts';
import { testContext } from '../testing/test-context.ts';

/** The members of a structure, by their paths; items of a list count together. */
function memberPaths(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? [path] : value.flatMap((item) => memberPaths(item, path));
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return [path];
  return Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : memberPaths(member, path ? `${path}.${name}` : name),
  );
}

/** Each recorded reply as this platform gives it, for a plain request. */
async function replies(): Promise<Record<RecordedName, unknown>> {
  const { call, addImage, settle } = await testContext();
  const image = await addImage();
  const launched = await call('RunInstances', {
    ImageId: image.id,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
  });
  const InstanceId = launched.Instances?.[0]?.InstanceId ?? '';
  const InstanceIds = [InstanceId];
  const described = async () =>
    (await call('DescribeInstances', { InstanceIds })).Reservations?.[0]?.Instances?.[0];
  await settle();
  const running = await described();
  const { InstanceStatuses } = await call('DescribeInstanceStatus', { InstanceIds });
  const request = { AvailabilityZone: running?.Placement?.AvailabilityZone, Size: 1 };
  const volume = await call('CreateVolume', { ...request, VolumeType: 'gp3' });
  const VolumeId = volume.VolumeId ?? '';
  await settle();
  await call('AttachVolume', { VolumeId, InstanceId, Device: '/dev/sdf' });
  await settle();
  const { Volumes } = await call('DescribeVolumes', { VolumeIds: [VolumeId] });
  const { VolumeModification } = await call('ModifyVolume', { VolumeId, Size: 2 });
  await settle();
  const snapshot = await call('CreateSnapshot', { VolumeId });
  await settle();
  const SnapshotIds = [snapshot.SnapshotId ?? ''];
  const { Snapshots } = await call('DescribeSnapshots', { SnapshotIds });
  await call('DetachVolume', { VolumeId });
  await settle();
  await call('StopInstances', { InstanceIds });
  await settle();
  const stopped = await described();
  const { ImageId = '' } = await call('CreateImage', { InstanceId, Name: 'own image' });
  await settle();
  const { Images } = await call('DescribeImages', { ImageIds: [ImageId] });
  await call('CreateKeyPair', { KeyName: 'k', KeyType: 'ed25519' });
  const { LaunchTemplate } = await call('CreateLaunchTemplate', {
    LaunchTemplateName: 'web',
    LaunchTemplateData: { InstanceType: 't3.micro' },
  });
  const { SecurityGroups } = await call('DescribeSecurityGroups', { GroupNames: ['default'] });
  const group = { GroupName: 'web', Description: 'a group' };
  return {
    'RunInstances: instance': launched.Instances,
    'DescribeInstances: running': running,
    'DescribeInstances: stopped': stopped,
    'DescribeInstanceStatus: running': InstanceStatuses,
    CreateVolume: volume,
    'DescribeVolumes: attached': Volumes,
    CreateSnapshot: snapshot,
    'DescribeSnapshots: completed': Snapshots,
    'DescribeImages: own': Images,
    'DescribeVpcs: default': (await call('DescribeVpcs', {})).Vpcs,
    'DescribeSubnets: default': (await call('DescribeSubnets', {})).Subnets,
    'DescribeSecurityGroups: default': SecurityGroups,
    CreateSecurityGroup: await call('CreateSecurityGroup', group),
    DescribeKeyPairs: (await call('DescribeKeyPairs', {})).KeyPairs,
    CreateLaunchTemplate: LaunchTemplate,
    ModifyVolume: VolumeModification,
  };
}

const made = replies();
const cases = Object.entries(recordedReplies) as [RecordedName, RecordedReply][];

test.each(cases)('%s has the members that EC2 sends', async (name, reply) => {
  const ours = new Set(memberPaths((await made)[name]));
  const recorded = new Set(reply.recorded.trim().split(/\s+/));
  expect({
    lacks: [...recorded.difference(ours)].sort(),
    adds: [...ours.difference(recorded)].sort(),
  }).toEqual({
    lacks: Object.keys(reply.lacks ?? {}).sort(),
    adds: Object.keys(reply.adds ?? {}).sort(),
  });
});
