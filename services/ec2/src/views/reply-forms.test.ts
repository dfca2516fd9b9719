import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';
import { testContext } from '../testing/test-context.ts';

const wholeSecond = (time: Date | undefined) => time?.getMilliseconds() === 0;

/** A world whose clock does not stand at a whole second. */
async function oddWorld() {
  const world = await launched();
  await world.clock.advance(1234);
  const made = await world.call('CreateVolume', { AvailabilityZone: 'us-east-1a', Size: 1 });
  await world.settle();
  const VolumeId = made.VolumeId ?? '';
  const snapshot = await world.call('CreateSnapshot', { VolumeId });
  return { ...world, made, VolumeId, snapshot };
}

test('most times are whole seconds; a volume and a snapshot show their milliseconds', async () => {
  const { call, made, snapshot, settle } = await oddWorld();
  expect(wholeSecond(made.CreateTime)).toBe(true);
  const { Volumes = [] } = await call('DescribeVolumes', { VolumeIds: [made.VolumeId ?? ''] });
  expect(wholeSecond(Volumes[0]?.CreateTime)).toBe(false);
  expect(wholeSecond(snapshot.StartTime)).toBe(false);
  await settle();
  const { ImageId } = await call('RegisterImage', {
    Name: 'an image',
    Architecture: 'x86_64',
    VirtualizationType: 'hvm',
    EnaSupport: true,
    RootDeviceName: '/dev/sda1',
    BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { SnapshotId: snapshot.SnapshotId } }],
  });
  const { Images } = await call('DescribeImages', { ImageIds: [ImageId ?? ''] });
  expect(Images?.[0]?.CreationDate).toMatch(/:\d\d\.000Z$/);
  const { Instances = [] } = await call('RunInstances', {
    ImageId,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
  });
  expect(wholeSecond(Instances[0]?.LaunchTime)).toBe(true);
  expect(wholeSecond(Instances[0]?.NetworkInterfaces?.[0]?.Attachment?.AttachTime)).toBe(true);
});

test('a filter compares the time that the reply shows', async () => {
  const { call, VolumeId } = await oddWorld();
  const { Volumes: [volume] = [] } = await call('DescribeVolumes', { VolumeIds: [VolumeId] });
  const Values = [volume?.CreateTime?.toISOString() ?? ''];
  const { Volumes = [] } = await call('DescribeVolumes', {
    Filters: [{ Name: 'create-time', Values }],
  });
  expect(Volumes.map((each) => each.VolumeId)).toContain(VolumeId);
});

test('the progress of a snapshot is empty until something was copied', async () => {
  const { call, snapshot, settle } = await oddWorld();
  expect(snapshot).toMatchObject({ State: 'pending', Progress: '' });
  await settle();
  const { Snapshots } = await call('DescribeSnapshots', {
    SnapshotIds: [snapshot.SnapshotId ?? ''],
    Filters: [{ Name: 'progress', Values: ['100%'] }],
  });
  expect(Snapshots).toMatchObject([{ State: 'completed', Progress: '100%' }]);
});

test('a new volume and a new snapshot have an empty list of tags, later they have none', async () => {
  const { call, made, snapshot } = await oddWorld();
  expect([made.Tags, snapshot.Tags]).toEqual([[], []]);
  const { Volumes } = await call('DescribeVolumes', {});
  const { Snapshots } = await call('DescribeSnapshots', { OwnerIds: ['self'] });
  for (const each of [...(Volumes ?? []), ...(Snapshots ?? [])]) {
    expect(each).not.toHaveProperty('Tags');
  }
});

test('untagged images, instances, VPCs, subnets, groups and templates have no list of tags', async () => {
  const { call } = await launched();
  await call('CreateLaunchTemplate', {
    LaunchTemplateName: 'web',
    LaunchTemplateData: { InstanceType: 't3.micro' },
  });
  const { Images } = await call('DescribeImages', {});
  const { Reservations } = await call('DescribeInstances', {});
  const { Vpcs } = await call('DescribeVpcs', {});
  const { Subnets } = await call('DescribeSubnets', {});
  const { SecurityGroups } = await call('DescribeSecurityGroups', {});
  const { LaunchTemplates } = await call('DescribeLaunchTemplates', {});
  const instances = Reservations?.flatMap(({ Instances = [] }) => Instances);
  for (const list of [Images, instances, Vpcs, Subnets, SecurityGroups, LaunchTemplates]) {
    expect(list?.length).toBeGreaterThan(0);
    for (const each of list ?? []) expect(each).not.toHaveProperty('Tags');
  }
});

test('interfaces, keys, rules and the parts of a VPC have an empty one', async () => {
  const { call } = await launched();
  await call('CreateKeyPair', { KeyName: 'k', KeyType: 'ed25519' });
  const lists = [
    (await call('DescribeKeyPairs', {})).KeyPairs,
    (await call('DescribeSecurityGroupRules', {})).SecurityGroupRules,
    (await call('DescribeInternetGateways', {})).InternetGateways,
    (await call('DescribeRouteTables', {})).RouteTables,
    (await call('DescribeNetworkAcls', {})).NetworkAcls,
    (await call('DescribeDhcpOptions', {})).DhcpOptions,
  ];
  for (const list of lists) {
    expect(list?.length).toBeGreaterThan(0);
    for (const each of list ?? []) expect(each.Tags).toEqual([]);
  }
  const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', {});
  expect(NetworkInterfaces).toMatchObject([{ TagSet: [] }]);
});

test('a tag brings the list back', async () => {
  const { call } = await testContext();
  const { Vpcs: [vpc] = [] } = await call('DescribeVpcs', {});
  await call('CreateTags', {
    Resources: [vpc?.VpcId ?? ''],
    Tags: [{ Key: 'Name', Value: 'main' }],
  });
  const { Vpcs } = await call('DescribeVpcs', {});
  expect(Vpcs).toMatchObject([{ Tags: [{ Key: 'Name', Value: 'main' }] }]);
});
