import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';
import { putSeed, seedImages } from './seed-images.ts';

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
  [{ Images: [image, image] }, 'image ami-0123abcd is there twice'],
])('a mistake names the image and the member: %#', (document, words) => {
  expect(() => seedImages(document, { now })).toThrow(words);
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
