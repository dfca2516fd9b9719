import type { ImageId } from '@bakehouse/domain';
import { putSeed, seedImages } from '@bakehouse/orchestration';
import { expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

const image = {
  ImageId: 'ami-0123abcd',
  Name: 'al2023-ami-2023.5',
  OwnerId: '137112412989',
  ImageOwnerAlias: 'amazon',
  CreationDate: '2024-08-09T02:38:27.000Z',
  Architecture: 'x86_64',
  Public: true,
  EnaSupport: true,
  RootDeviceName: '/dev/xvda',
  VirtualizationType: 'hvm',
  BlockDeviceMappings: [
    {
      DeviceName: '/dev/xvda',
      Ebs: { SnapshotId: 'snap-0123456789abcdef0', VolumeSize: 8, VolumeType: 'gp3' },
    },
  ],
  Tags: [{ Key: 'a', Value: 'b' }],
};
const now = 1_700_000_000_000;

test.each([
  [[], 'a seed file must be {"Images"'],
  [{ Images: [{}] }, 'image 1: ImageId is missing'],
  [{ Images: [{ ...image, ImageId: 'ami-1' }] }, 'image 1: ImageId must be ami- and 8 or 17'],
  [{ Images: [{ ...image, OwnerId: 'me' }] }, 'image ami-0123abcd: OwnerId must be an account id'],
  [{ Images: [{ ...image, Architecture: 'ppc' }] }, 'image ami-0123abcd: Architecture must be one'],
  [
    { Images: [{ ...image, EnaSupport: 'yes' }] },
    'image ami-0123abcd: EnaSupport must be a boolean',
  ],
  [
    { Images: [{ ...image, CreationDate: 'then' }] },
    'image ami-0123abcd: CreationDate must be a time',
  ],
  [
    {
      Images: [
        { ...image, BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: -1 } }] },
      ],
    },
    'image ami-0123abcd: BlockDeviceMappings[0]: Ebs: VolumeSize must be a positive',
  ],
  [
    { Images: [{ ...image, VirtualizationType: 'paravirtual', BootMode: 'uefi' }] },
    'image ami-0123abcd: BootMode is for the VirtualizationType hvm',
  ],
  [{ Images: [image, image] }, 'image ami-0123abcd occurs twice'],
])('a mistake names the image and the member: %#', (document, words) => {
  expect(() => seedImages(document, { now })).toThrow(words);
});

test('what launches are charged as follows from the platform, for images and their instances', async () => {
  const world = await testContext();
  const windows = { ...image, Platform: 'windows', PlatformDetails: 'Windows' };
  await world.metadata.write((tx) => putSeed(tx, seedImages({ Images: [windows] }, { now })));
  const charged = { PlatformDetails: 'Windows', UsageOperation: 'RunInstances:0002' };
  expect((await world.call('DescribeImages', { Owners: ['amazon'] })).Images).toMatchObject([
    charged,
  ]);
  const run = { ImageId: image.ImageId, InstanceType: 't3.micro' as const };
  await world.call('RunInstances', { ...run, MinCount: 1, MaxCount: 1 });
  const Filters = [{ Name: 'usage-operation', Values: ['RunInstances:0002'] }];
  const { Reservations } = await world.call('DescribeInstances', { Filters });
  expect(Reservations).toMatchObject([{ Instances: [charged] }]);
});

test('kernels, images for Macs and disabled images of a list are left out, with their ids', () => {
  const others = [
    { ...image, ImageId: 'aki-499ccb20', ImageType: 'kernel' },
    { ...image, ImageId: 'ami-0000000a', Architecture: 'arm64_mac' },
    { ...image, ImageId: 'ami-0000000b', State: 'disabled' },
  ];
  const { images, leftOut } = seedImages({ Images: [...others, image] }, { now });
  expect(images.map(({ id }) => id)).toEqual([image.ImageId]);
  expect(leftOut).toEqual(['aki-499ccb20', 'ami-0000000a', 'ami-0000000b']);
});

test('a seeded image is found in every region by id, owner alias and name, and can be launched', async () => {
  const world = await testContext();
  const seed = seedImages({ Images: [image] }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  for (const region of ['us-east-1', 'us-west-2']) {
    const describe = (request: object) => world.call('DescribeImages', request, { region });
    const { Images: byId } = await describe({ ImageIds: [image.ImageId] });
    const { BlockDeviceMappings: _, ...shown } = image;
    expect(byId).toMatchObject([shown]);
    const named = [{ Name: 'name', Values: ['al2023-*'] }];
    expect((await describe({ Owners: ['amazon'] })).Images).toEqual(byId);
    expect((await describe({ Owners: [image.OwnerId], Filters: named })).Images).toEqual(byId);
    const run = { ImageId: image.ImageId, InstanceType: 't3.micro' as const };
    const made = await world.call('RunInstances', { ...run, MinCount: 1, MaxCount: 1 }, { region });
    await world.settle();
    const ids = [made.Instances?.[0]?.InstanceId ?? ''];
    const answer = await world.call('DescribeInstances', { InstanceIds: ids }, { region });
    expect(answer.Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe('running');
  }
});

test('an image without a mapping has a root device, so that its instances can be imaged', async () => {
  const world = await testContext();
  const { BlockDeviceMappings: _, ...bare } = image;
  const extra = { DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' };
  const images = [bare, { ...bare, ImageId: 'ami-00000001', BlockDeviceMappings: [extra] }];
  const seed = seedImages({ Images: images }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  for (const { ImageId } of images) {
    const run = { ImageId, InstanceType: 't2.micro', MinCount: 1, MaxCount: 1 } as const;
    const made = await world.call('RunInstances', run);
    await world.settle();
    const InstanceId = made.Instances?.[0]?.InstanceId ?? '';
    const own = await world.call('CreateImage', { InstanceId, Name: `of ${ImageId}` });
    await world.settle();
    const shown = await world.call('DescribeImages', { ImageIds: [own.ImageId ?? ''] });
    expect(shown.Images?.[0]).toMatchObject({
      State: 'available',
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: expect.arrayContaining([
        expect.objectContaining({ DeviceName: '/dev/xvda', Ebs: expect.anything() }),
      ]),
    });
  }
});

test('the encryption that a seed speaks of is shown of the seed alone', async () => {
  const world = await testContext();
  const DeviceName = '/dev/xvda';
  const Ebs = { SnapshotId: 'snap-0123456789abcdef0', VolumeSize: 8, Encrypted: true };
  const encrypted = { ...image, BlockDeviceMappings: [{ DeviceName, Ebs }] };
  const seed = seedImages({ Images: [encrypted] }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  const run = {
    ImageId: image.ImageId,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
  } as const;
  const InstanceId = (await world.call('RunInstances', run)).Instances?.[0]?.InstanceId ?? '';
  await world.settle();
  const BlockDeviceMappings = [{ DeviceName, Ebs: { DeleteOnTermination: false } }];
  const request = { InstanceId, Name: 'copy', BlockDeviceMappings };
  const { ImageId = '' } = await world.call('CreateImage', request);
  await world.settle();
  const devicesOf = async (id: string) =>
    (await world.call('DescribeImages', { ImageIds: [id] })).Images?.[0]?.BlockDeviceMappings;
  const shown = {
    volumes: (await world.call('DescribeVolumes', {})).Volumes,
    snapshots: (await world.call('DescribeSnapshots', { OwnerIds: ['self'] })).Snapshots,
    devices: await devicesOf(ImageId),
    seeded: await devicesOf(image.ImageId),
    ofSeed: (
      await world.call(
        'DescribeSnapshots',
        { SnapshotIds: [Ebs.SnapshotId] },
        { accountId: image.OwnerId },
      )
    ).Snapshots,
  };
  expect(shown).toMatchObject({
    volumes: [{ Encrypted: false }],
    snapshots: [{ Encrypted: false }],
    devices: [{ DeviceName, Ebs: { Encrypted: false, DeleteOnTermination: false } }],
    seeded: [{ DeviceName, Ebs: { Encrypted: true } }],
    ofSeed: [{ Encrypted: true, KmsKeyId: 'alias/aws/ebs' }],
  });
  const launch = (Encrypted: boolean) =>
    world.call('RunInstances', {
      ...run,
      BlockDeviceMappings: [{ DeviceName, Ebs: { Encrypted } }],
    });
  await expect(launch(true)).rejects.toMatchObject({ code: 'UnsupportedOperation' });
  // What GetLaunchTemplateData says of the instance, and true of the volume.
  await launch(false);
});

test('an instance-store image gets no root volume, and its kernel and its traits reach the instance', async () => {
  const world = await testContext();
  const { BlockDeviceMappings: _, EnaSupport: __, ...bare } = image;
  const classic = {
    ...bare,
    ImageLocation: 'ubuntu-images/hardy.manifest.xml',
    Architecture: 'i386',
    VirtualizationType: 'paravirtual',
    RootDeviceType: 'instance-store',
    KernelId: 'aki-0a00000c',
    RamdiskId: 'ari-0a00000c',
  };
  const simple = { ...image, ImageId: 'ami-00000002', SriovNetSupport: 'simple' };
  const seed = seedImages({ Images: [classic, simple] }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  const launched = async (ImageId: string, InstanceType: 'm1.small' | 't3.micro') => {
    const run = { ImageId, InstanceType, MinCount: 1, MaxCount: 1 };
    const { Instances: [made] = [] } = await world.call('RunInstances', run);
    await world.settle();
    const request = { InstanceIds: [made?.InstanceId ?? ''] };
    return (await world.call('DescribeInstances', request)).Reservations?.[0]?.Instances?.[0];
  };
  const old = await launched(classic.ImageId, 'm1.small');
  expect(old).toMatchObject({ KernelId: 'aki-0a00000c', RamdiskId: 'ari-0a00000c' });
  expect(old?.BlockDeviceMappings ?? []).toEqual([]);
  expect(await launched(simple.ImageId, 't3.micro')).toMatchObject({ SriovNetSupport: 'simple' });
  const Filters = [{ Name: 'manifest-location', Values: ['ubuntu-images/*'] }];
  expect((await world.call('DescribeImages', { Filters })).Images).toMatchObject([
    { ImageId: classic.ImageId, ImageLocation: classic.ImageLocation },
  ]);
});

test('a deprecated image is shown to its owner, by its id and on request, and can be launched', async () => {
  const world = await testContext();
  const at = (ms: number) => new Date(world.clock.now() + ms).toISOString();
  const mine = { ...image, OwnerId: world.scope.accountId, ImageOwnerAlias: undefined };
  const seed = seedImages(
    {
      Images: [
        { ...image, ImageId: 'ami-00000001', DeprecationTime: at(-1000) },
        { ...image, ImageId: 'ami-00000002', DeprecationTime: at(60_000) },
        { ...mine, ImageId: 'ami-00000003', DeprecationTime: at(-1000) },
      ],
    },
    { now },
  );
  await world.metadata.write((tx) => putSeed(tx, seed));
  const shown = async (request: object) =>
    ((await world.call('DescribeImages', request)).Images ?? []).map((each) => each.ImageId);
  const Filters = [{ Name: 'name', Values: [image.Name] }];
  expect(await shown({ Filters })).toEqual(['ami-00000002', 'ami-00000003']);
  expect(await shown({ Owners: ['amazon'] })).toEqual(['ami-00000002']);
  expect(await shown({ Filters, IncludeDeprecated: true })).toHaveLength(3);
  expect(await shown({ ImageIds: ['ami-00000001'] })).toEqual(['ami-00000001']);
  await world.clock.advance(60_000);
  expect(await shown({ Owners: ['amazon'] })).toEqual([]);
  const run = { ImageId: 'ami-00000001', MinCount: 1, MaxCount: 1 };
  expect(await world.call('RunInstances', { ...run, InstanceType: 't3.micro' })).toMatchObject({
    Instances: [{ ImageId: 'ami-00000001' }],
  });
});

test('a second seeding completes what an earlier version recorded, and undoes no change', async () => {
  const world = await testContext();
  const { BlockDeviceMappings: _, ...bare } = image;
  const DeprecationTime = '2030-01-01T00:00:00.000Z';
  const document = { Images: [{ ...bare, DeprecationTime, BootMode: 'uefi', KernelId: 'aki-1' }] };
  const seed = seedImages(document, { now });
  const [whole] = seed.images;
  if (!whole) throw new Error('one image was seeded');
  const { deprecatedAt: __, ...earlier } = whole;
  const boot = { kind: 'disk', mode: 'legacy-bios' } as const;
  const known = { ...earlier, boot, blockDevices: [], description: 'changed since' };
  await world.metadata.write((tx) => tx.put('image', known));
  await world.metadata.write((tx) => putSeed(tx, seed));
  const after = await world.read((tx) => tx.get('image', whole.id));
  expect(after).toEqual({
    ...whole,
    boot: { ...boot, kernelId: 'aki-1' },
    description: 'changed since',
  });
});

test('a second seeding does not change how an image boots', async () => {
  const world = await testContext();
  const hvm = { ...image, BootMode: 'uefi' };
  const { VirtualizationType: _, ...bare } = image;
  const paravirtual = { ...bare, VirtualizationType: 'paravirtual', KernelId: 'aki-1' };
  const put = (Images: readonly object[]) =>
    world.metadata.write((tx) => putSeed(tx, seedImages({ Images }, { now })));
  for (const [first, second] of [
    [{ ...hvm, ImageId: 'ami-00000001' }, paravirtual],
    [{ ...paravirtual, ImageId: 'ami-00000002' }, hvm],
  ] as const) {
    await put([first]);
    const before = await world.read((tx) => tx.get('image', first.ImageId as ImageId));
    await put([{ ...second, ImageId: first.ImageId }]);
    const after = await world.read((tx) => tx.get('image', first.ImageId as ImageId));
    expect(after?.boot).toEqual(before?.boot);
  }
});

test('ids of kernels that a seed gives an HVM image are shown of it and of its instances', async () => {
  const world = await testContext();
  const ids = { KernelId: 'aki-0a00000c', RamdiskId: 'ari-0a00000c' };
  const shown = { ...ids, VirtualizationType: 'hvm' };
  const seed = seedImages({ Images: [{ ...image, ...ids }] }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  const { ImageId } = image;
  const { Images } = await world.call('DescribeImages', { ImageIds: [ImageId] });
  expect(Images).toMatchObject([shown]);
  const run = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
  const { Instances } = await world.call('RunInstances', run);
  expect(Instances).toMatchObject([shown]);
});

test('the owner of a seeded image finds its snapshots by filter as by id', async () => {
  const world = await testContext();
  const mine = { ...image, OwnerId: world.scope.accountId };
  const seed = seedImages({ Images: [mine] }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  const SnapshotIds = seed.snapshots.map((snapshot) => snapshot.id);
  const byId = await world.call('DescribeSnapshots', { SnapshotIds });
  const Filters = [{ Name: 'snapshot-id', Values: SnapshotIds }];
  expect(SnapshotIds).not.toEqual([]);
  expect(await world.call('DescribeSnapshots', { OwnerIds: ['self'], Filters })).toEqual(byId);
});

test('an image that was deregistered stays so when the seed is put again', async () => {
  const world = await testContext();
  const mine = { ...image, OwnerId: world.scope.accountId };
  const seed = seedImages({ Images: [mine] }, { now });
  await world.metadata.write((tx) => putSeed(tx, seed));
  await world.call('DeregisterImage', { ImageId: image.ImageId });
  await world.metadata.write((tx) => putSeed(tx, seed));
  const answer = await world.call('DescribeImages', { ImageIds: [image.ImageId] });
  expect(answer.Images).toEqual([]);
});
