import type { Ec2Input } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function rootSnapshot(world: TestContext, sizeGiB = 2): Promise<string> {
  const zone = { AvailabilityZone: 'us-east-1a' };
  const volume = await world.call('CreateVolume', { ...zone, Size: sizeGiB });
  await world.settle();
  const made = await world.call('CreateSnapshot', { VolumeId: volume.VolumeId ?? '' });
  await world.settle();
  return made.SnapshotId ?? '';
}

type Request = Ec2Input<'RegisterImage'>;

const request = (SnapshotId: string): Request => ({
  Name: 'web server',
  RootDeviceName: '/dev/sda1',
  Architecture: 'x86_64',
  VirtualizationType: 'hvm',
  BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { SnapshotId } }],
});

async function registered(world: TestContext, changes: Partial<Request> = {}): Promise<string> {
  const snapshotId = await rootSnapshot(world);
  const made = await world.call('RegisterImage', { ...request(snapshotId), ...changes });
  return made.ImageId ?? '';
}

const describe = async (world: TestContext, id: string) =>
  (await world.call('DescribeImages', { ImageIds: [id] })).Images?.[0];

test("without words on its kind an image has EC2's defaults of old", async () => {
  const world = await testContext();
  const id = await registered(world, { Architecture: undefined, VirtualizationType: undefined });
  expect(await describe(world, id)).toMatchObject({
    Architecture: 'i386',
    VirtualizationType: 'paravirtual',
    EnaSupport: false,
    State: 'available',
    BlockDeviceMappings: [
      { Ebs: { VolumeSize: 2, VolumeType: 'gp2', DeleteOnTermination: true, Encrypted: false } },
    ],
  });
});

const mapping = (SnapshotId: string | undefined, size?: number) => ({
  DeviceName: '/dev/sda1',
  Ebs: { ...(SnapshotId ? { SnapshotId } : {}), ...(size ? { VolumeSize: size } : {}) },
});

test.each<[string, (snapshotId: string) => Partial<Request>, string]>([
  ['a name with forbidden letters', () => ({ Name: 'web*' }), 'InvalidAMIName.Malformed'],
  ['no root device', () => ({ RootDeviceName: undefined }), 'MissingParameter'],
  [
    'a root device without mapping',
    () => ({ RootDeviceName: '/dev/xvda' }),
    'InvalidBlockDeviceMapping',
  ],
  [
    'a root device without snapshot',
    () => ({ BlockDeviceMappings: [mapping(undefined, 8)] }),
    'InvalidBlockDeviceMapping',
  ],
  [
    'a mapping smaller than its snapshot',
    (id) => ({ BlockDeviceMappings: [mapping(id, 1)] }),
    'InvalidBlockDeviceMapping',
  ],
  [
    'encryption said of a snapshot, also that there is none',
    (id) => ({
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: id, Encrypted: false } }],
    }),
    'InvalidBlockDeviceMapping',
  ],
  [
    'a mapping without a device name',
    (id) => ({ BlockDeviceMappings: [mapping(id), { Ebs: { SnapshotId: id } }] }),
    'InvalidBlockDeviceMapping',
  ],
  [
    'a device twice',
    (id) => ({ BlockDeviceMappings: [mapping(id), mapping(id)] }),
    'InvalidBlockDeviceMapping',
  ],
  [
    'a snapshot that is not there',
    () => ({ BlockDeviceMappings: [mapping('snap-00000000')] }),
    'InvalidSnapshot.NotFound',
  ],
  [
    'a snapshot id that is none',
    () => ({ BlockDeviceMappings: [mapping('snap-1')] }),
    'InvalidSnapshotID.Malformed',
  ],
  [
    'an unknown architecture',
    () => ({ Architecture: 'i386-64' as 'i386' }),
    'InvalidParameterValue',
  ],
  [
    'ENA on a paravirtual guest',
    () => ({ EnaSupport: true, VirtualizationType: 'paravirtual' }),
    'InvalidParameterCombination',
  ],
  ['a TPM', () => ({ TpmSupport: 'v2.0' }), 'UnsupportedOperation'],
  ['NVRAM', () => ({ UefiData: 'AAAA' }), 'UnsupportedOperation'],
  ['a manifest', () => ({ ImageLocation: 'bucket/image.manifest.xml' }), 'UnsupportedOperation'],
  ['a kernel', () => ({ KernelId: 'aki-00000000' }), 'UnsupportedOperation'],
  [
    'tags for something else',
    () => ({ TagSpecifications: [{ ResourceType: 'volume', Tags: [] }] }),
    'InvalidParameterValue',
  ],
])('RegisterImage refuses %s', async (_, changes, code) => {
  const world = await testContext();
  const snapshotId = await rootSnapshot(world);
  const refused = world.call('RegisterImage', { ...request(snapshotId), ...changes(snapshotId) });
  await expect(refused).rejects.toMatchObject({ code });
});

test('a name is there once in an account and region', async () => {
  const world = await testContext();
  const id = await registered(world);
  const again = world.call('RegisterImage', request(await rootSnapshot(world)));
  await expect(again).rejects.toMatchObject({ code: 'InvalidAMIName.Duplicate' });
  await world.call('DeregisterImage', { ImageId: id });
  expect(await registered(world)).not.toBe(id);
});

test('a deregistered image is unavailable to its verbs and nothing to describe', async () => {
  const world = await testContext();
  const ImageId = await registered(world);
  await world.call('DeregisterImage', { ImageId });
  expect((await world.call('DescribeImages', { ImageIds: [ImageId] })).Images).toEqual([]);
  const code = 'InvalidAMIID.Unavailable';
  await expect(world.call('DeregisterImage', { ImageId })).rejects.toMatchObject({ code });
  const never = world.call('DeregisterImage', { ImageId: 'ami-00000000' });
  await expect(never).rejects.toMatchObject({ code: 'InvalidAMIID.NotFound' });
});

test('snapshots go with their image unless another image uses them', async () => {
  const world = await testContext();
  const SnapshotId = await rootSnapshot(world);
  const first = await world.call('RegisterImage', request(SnapshotId));
  const second = await world.call('RegisterImage', { ...request(SnapshotId), Name: 'second' });
  const inUse = world.call('DeleteSnapshot', { SnapshotId });
  await expect(inUse).rejects.toMatchObject({ code: 'InvalidSnapshot.InUse' });
  const drop = (ImageId = '') =>
    world.call('DeregisterImage', { ImageId, DeleteAssociatedSnapshots: true });
  expect((await drop(first.ImageId)).DeleteSnapshotResults).toEqual([
    { SnapshotId, ReturnCode: 'skipped' },
  ]);
  expect((await drop(second.ImageId)).DeleteSnapshotResults).toEqual([
    { SnapshotId, ReturnCode: 'success' },
  ]);
  const gone = world.call('DescribeSnapshots', { SnapshotIds: [SnapshotId] });
  await expect(gone).rejects.toMatchObject({ code: 'InvalidSnapshot.NotFound' });
});

const other = { accountId: '111122223333' };

test('launch permissions say who sees an image, in the structured form and in the flat one', async () => {
  const world = await testContext();
  const ImageId = await registered(world);
  const modify = (change: Omit<Ec2Input<'ModifyImageAttribute'>, 'ImageId'>) =>
    world.call('ModifyImageAttribute', { ImageId, ...change });
  const seen = () => world.call('DescribeImages', { ImageIds: [ImageId] }, other);
  const hidden = { code: 'InvalidAMIID.NotFound' };
  await expect(seen()).rejects.toMatchObject(hidden);
  await modify({ LaunchPermission: { Add: [{ UserId: other.accountId }, { Group: 'all' }] } });
  expect((await seen()).Images?.[0]?.Public).toBe(true);
  await modify({ Attribute: 'launchPermission', OperationType: 'remove', UserGroups: ['all'] });
  expect((await seen()).Images?.[0]?.Public).toBe(false);
  const shown = await world.call('DescribeImageAttribute', {
    ImageId,
    Attribute: 'launchPermission',
  });
  expect(shown.LaunchPermissions).toEqual([{ UserId: other.accountId }]);
  const foreign = world.call('DeregisterImage', { ImageId }, other);
  await expect(foreign).rejects.toMatchObject({ code: 'AuthFailure' });
  await world.call('CancelImageLaunchPermission', { ImageId }, other);
  await expect(seen()).rejects.toMatchObject(hidden);
  await modify({ OperationType: 'add', UserIds: [other.accountId] });
  await world.call('ResetImageAttribute', { ImageId, Attribute: 'launchPermission' });
  await expect(seen()).rejects.toMatchObject(hidden);
});

test.each<[Omit<Ec2Input<'ModifyImageAttribute'>, 'ImageId'>, string]>([
  [{}, 'InvalidParameterCombination'],
  [{ LaunchPermission: { Add: [{ UserId: 'me' }] } }, 'InvalidAMIAttributeItemValue'],
  [{ LaunchPermission: { Add: [{ Group: 'some' as 'all' }] } }, 'InvalidAMIAttributeItemValue'],
  [{ LaunchPermission: { Add: [{ OrganizationArn: 'arn:aws:x' }] } }, 'UnsupportedOperation'],
  [{ OrganizationArns: ['arn:aws:x'] }, 'UnsupportedOperation'],
  [{ ProductCodes: ['code'] }, 'UnsupportedOperation'],
  [{ Attribute: 'launchPermission', UserIds: ['111122223333'] }, 'MissingParameter'],
  [{ Attribute: 'bootMode', Value: 'uefi' }, 'InvalidParameterValue'],
  [{ ImdsSupport: { Value: 'v1.0' } }, 'InvalidParameterValue'],
  [{ Description: { Value: 'x' }, ImdsSupport: { Value: 'v2.0' } }, 'InvalidParameterCombination'],
])('ModifyImageAttribute refuses %j', async (change, code) => {
  const world = await testContext();
  const ImageId = await registered(world);
  const refused = world.call('ModifyImageAttribute', { ImageId, ...change });
  await expect(refused).rejects.toMatchObject({ code });
});

test('description and ImdsSupport are set, and a launch obeys the latter', async () => {
  const world = await testContext();
  const ImageId = await registered(world, { EnaSupport: true });
  await world.call('ModifyImageAttribute', { ImageId, Description: { Value: 'new' } });
  await world.call('ModifyImageAttribute', { ImageId, Attribute: 'imdsSupport', Value: 'v2.0' });
  expect(await describe(world, ImageId)).toMatchObject({ Description: 'new', ImdsSupport: 'v2.0' });
  const run = { ImageId, InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1 };
  const launched = await world.call('RunInstances', run);
  expect(launched.Instances?.[0]?.MetadataOptions?.HttpTokens).toBe('required');
  await world.settle();
});

test('pages of images are complete and without repeats', async () => {
  const world = await testContext();
  const ids = [];
  for (const Name of ['one', 'two', 'three', 'four', 'five']) {
    ids.push(await registered(world, { Name }));
  }
  const seen: string[] = [];
  let NextToken: string | undefined;
  do {
    const token = NextToken ? { NextToken } : {};
    const answer = await world.call('DescribeImages', {
      Owners: ['self'],
      MaxResults: 2,
      ...token,
    });
    expect(answer.Images?.length).toBeLessThanOrEqual(2);
    seen.push(...(answer.Images ?? []).map((image) => image.ImageId ?? ''));
    NextToken = answer.NextToken;
  } while (NextToken);
  expect(seen).toEqual(ids.toSorted());
});

test.each([
  ['DescribeImages', 'ImageIds', 'ami'],
  ['DescribeSnapshots', 'SnapshotIds', 'snap'],
  ['DescribeVolumes', 'VolumeIds', 'vol'],
  ['DescribeInstances', 'InstanceIds', 'i'],
] as const)('%s names missing ids in the order of the request', async (name, member, prefix) => {
  const { callUntyped } = await testContext();
  const ids = ['c', 'a', 'b'].map((digit) => `${prefix}-0000000000000000${digit}`);
  await expect(callUntyped(name, { [member]: ids })).rejects.toMatchObject({
    message: expect.stringContaining(ids.join(', ')),
  });
});
