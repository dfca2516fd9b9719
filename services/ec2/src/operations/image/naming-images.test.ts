import { expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

const launch = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;

test('an image that was deregistered is unavailable, one that never was is not found', async () => {
  const { call, addImage } = await testContext();
  const { id: ImageId } = await addImage();
  await call('DeregisterImage', { ImageId });
  const gone = { code: 'InvalidAMIID.Unavailable' };
  await expect(call('RunInstances', { ...launch, ImageId })).rejects.toMatchObject(gone);
  const elsewhere = call('RunInstances', { ...launch, ImageId }, { region: 'us-west-2' });
  await expect(elsewhere).rejects.toMatchObject({ code: 'InvalidAMIID.NotFound' });
});

test('the refusal names every id that does not exist', async () => {
  const { call } = await testContext();
  const hex = ['0123456789abcdef0', '0123456789abcdef1'];
  const ids = (prefix: string) => hex.map((each) => `${prefix}-${each}`);
  await expect(call('DescribeImages', { ImageIds: ids('ami') })).rejects.toThrow(
    "The image ids '[ami-0123456789abcdef0, ami-0123456789abcdef1]' do not exist",
  );
  await expect(call('DescribeInstances', { InstanceIds: ids('i') })).rejects.toThrow(
    "The instance IDs 'i-0123456789abcdef0, i-0123456789abcdef1' do not exist",
  );
  await expect(call('DescribeSnapshots', { SnapshotIds: ids('snap') })).rejects.toThrow(
    "The snapshots 'snap-0123456789abcdef0, snap-0123456789abcdef1' do not exist",
  );
  await expect(call('DescribeVolumes', { VolumeIds: ids('vol').slice(1) })).rejects.toThrow(
    "The volume 'vol-0123456789abcdef1' does not exist",
  );
});

test('owners and users that are no accounts and no aliases are malformed', async () => {
  const { call, addImage } = await testContext();
  const permissions = { everyone: true, accountIds: [] };
  const seeded = await addImage({ ownerAlias: 'old-shop', launchPermissions: permissions });
  const malformed = { code: 'InvalidUserID.Malformed' };
  for (const Owners of [['bogus'], ['self', '123'], ['Amazon']]) {
    await expect(call('DescribeImages', { Owners })).rejects.toMatchObject(malformed);
  }
  const users = { ExecutableUsers: ['12'] };
  await expect(call('DescribeImages', users)).rejects.toMatchObject(malformed);
  await expect(call('DescribeSnapshots', { OwnerIds: ['foo'] })).rejects.toMatchObject(malformed);
  const restorers = { RestorableByUserIds: ['me'] };
  await expect(call('DescribeSnapshots', restorers)).rejects.toMatchObject(malformed);
  expect(await call('DescribeImages', { Owners: ['aws-marketplace'] })).toEqual({ Images: [] });
  const { Images } = await call('DescribeImages', { Owners: ['old-shop'] });
  expect(Images?.map(({ ImageId }) => ImageId)).toEqual([seeded.id]);
  expect(await call('DescribeSnapshots', { OwnerIds: ['old-shop'] })).toEqual({ Snapshots: [] });
});

test('an image with an owner alias is found by it when it is shared with the caller alone', async () => {
  const { call, addImage } = await testContext();
  const named = (accountIds: readonly string[]) =>
    addImage({
      ownerId: '210987654321',
      ownerAlias: 'old-shop',
      launchPermissions: { everyone: false, accountIds },
    });
  const shared = await named(['123456789012']);
  await named([]);
  const { Images } = await call('DescribeImages', { Owners: ['old-shop'] });
  expect(Images?.map(({ ImageId }) => ImageId)).toEqual([shared.id]);
});
