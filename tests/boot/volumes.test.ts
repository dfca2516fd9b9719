import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeVolumesModificationsCommand,
  ModifyVolumeCommand,
  waitUntilSnapshotCompleted,
  waitUntilVolumeDeleted,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cloud, type Machine, openCloud, patience, sshFromHost } from './support/cloud.ts';
import { attachVolume, createVolume, detachVolume, diskPath, linksOf } from './support/disks.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { login, sh, trySh } from './support/guest.ts';
import { readUsage, type Usage } from './support/usage.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const gibibyte = 1024 ** 3;
const storeMapping = [{ DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' }];

/** One guest, which keeps running while disks come and go. */
describe('volumes of a running guest', () => {
  let usageBefore: Usage;
  let cloud: Cloud;
  let guest: Machine;
  let zone: string;
  let volumeId: string;
  let firstId: string;
  let secondId: string;

  beforeAll(async () => {
    usageBefore = await usageAtRest(platform);
    cloud = await openCloud(platform, 'volumes');
    const group = await cloud.group('ssh', sshFromHost);
    // A type with an instance store.
    const launch = { InstanceType: 'm1.small', BlockDeviceMappings: storeMapping } as const;
    guest = await login(await cloud.launch({ ...launch, SecurityGroupIds: [group] }));
    zone = (await cloud.describe(guest.instanceId)).Placement?.AvailabilityZone ?? '';
  });
  afterAll(() => cloud.end());

  async function snapshot(): Promise<string> {
    const { SnapshotId = '' } = await cloud.ec2.send(
      new CreateSnapshotCommand({ VolumeId: volumeId }),
    );
    await waitUntilSnapshotCompleted(patience(cloud.ec2), { SnapshotIds: [SnapshotId] });
    return SnapshotId;
  }

  async function remove(id: string): Promise<void> {
    await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
    await waitUntilVolumeDeleted(patience(cloud.ec2), { VolumeIds: [id] });
  }

  /** What a volume takes itself, apart from the snapshot that it was made of. */
  async function localBytesOf(id: string): Promise<number | undefined> {
    const { overlays } = await readUsage(platform);
    return overlays.find((each) => each.volumeId === id)?.localBytes;
  }

  const sizeOf = async (id: string) =>
    Number(await sh(guest, `lsblk -bdno SIZE ${diskPath(id)}`)) / gibibyte;

  /** Both links of the device name lead to this disk. */
  async function expectNamed(device: string, path: string): Promise<void> {
    const disk = await sh(guest, `readlink -e ${path}`);
    await until(`links of ${device} to ${disk}`, async () => {
      const links = await linksOf(guest, device);
      return links.length === 2 && links.every((link) => link === disk);
    });
  }

  test('disks of the launch have the names of the block device mapping, and partitions theirs', async () => {
    const root = await sh(guest, 'findmnt -no SOURCE /');
    await expectNamed('/dev/xvda1', root);
    await expectNamed('/dev/xvda', `/dev/$(lsblk -no PKNAME ${root})`);
    await expectNamed('/dev/sdb', '/dev/disk/by-id/virtio-sdb');
  });

  test('an attached volume shows up in the guest by its serial number and its device name', async () => {
    volumeId = await createVolume(cloud.ec2, { AvailabilityZone: zone, Size: 1 });
    await attachVolume(cloud.ec2, guest, { volumeId, device: '/dev/sdf' });
    await expectNamed('/dev/sdf', diskPath(volumeId));
    const disks = await sh(guest, 'lsblk -dno SERIAL,SIZE');
    expect(disks).toMatch(new RegExp(`^${volumeId.replace('-', '')} +1G$`, 'm'));
    await sh(
      guest,
      `sudo mkfs.ext4 -q ${diskPath(volumeId)}; sudo mount ${diskPath(volumeId)} /mnt
      sudo chown ec2-user /mnt; echo first > /mnt/first.txt
      head -c 20000000 /dev/urandom > /mnt/noise; sync; sha256sum < /mnt/noise > noise.sum`,
    );
  });

  test('a snapshot of it while it is mounted, and a second that holds only what changed', async () => {
    firstId = await snapshot();
    const first = (await readUsage(platform)).store.liveBytes;
    await sh(guest, 'echo second > /mnt/second.txt; sync');
    secondId = await snapshot();
    const second = (await readUsage(platform)).store.liveBytes;
    expect(first - usageBefore.store.liveBytes).toBeGreaterThan(20_000_000);
    expect(second - first).toBeLessThan(10_000_000);
  });

  test('volumes from the snapshots copy nothing, and have what was there at their time', async () => {
    const copies: string[] = [];
    for (const [SnapshotId, device] of [
      [firstId, '/dev/sdg'],
      [secondId, '/dev/sdh'],
    ] as const) {
      const id = await createVolume(cloud.ec2, { AvailabilityZone: zone, SnapshotId });
      expect(await localBytesOf(id)).toBeLessThan(1024 * 1024);
      await attachVolume(cloud.ec2, guest, { volumeId: id, device });
      await expectNamed(device, diskPath(id));
      copies.push(id);
    }
    const read = (id = '') => `
      sudo mount ${diskPath(id)} /srv
      ls /srv; sha256sum < /srv/noise | cmp - noise.sum; sudo umount /srv`;
    expect(await sh(guest, read(copies[0]))).toBe('first.txt\nlost+found\nnoise');
    expect(await sh(guest, read(copies[1]))).toBe('first.txt\nlost+found\nnoise\nsecond.txt');
    for (const id of copies) {
      await detachVolume(cloud.ec2, id);
      await remove(id);
    }
  });

  test('a volume grows under a mounted file system', async () => {
    await cloud.ec2.send(new ModifyVolumeCommand({ VolumeId: volumeId, Size: 3 }));
    await until('the modification', async () => {
      const { VolumesModifications } = await cloud.ec2.send(
        new DescribeVolumesModificationsCommand({ VolumeIds: [volumeId] }),
      );
      const state = VolumesModifications?.[0]?.ModificationState;
      expect(state).not.toBe('failed');
      return state === 'optimizing' || state === 'completed';
    });
    await until('3 GiB in the guest', async () => (await sizeOf(volumeId)) === 3);
    await sh(
      guest,
      `sudo resize2fs ${diskPath(volumeId)}; sha256sum < /mnt/noise | cmp - noise.sum`,
    );
    const size = await sh(guest, 'df --output=size -BM /mnt | tail -1');
    expect(Number.parseInt(size, 10)).toBeGreaterThan(2500);
  });

  test('a detached volume leaves the guest, and comes back with its data', async () => {
    await sh(guest, 'sudo umount /mnt');
    await detachVolume(cloud.ec2, volumeId);
    expect((await trySh(guest, `test -e ${diskPath(volumeId)}`)).code).toBe(1);
    expect(await linksOf(guest, '/dev/sdf')).toEqual([]);
    await attachVolume(cloud.ec2, guest, { volumeId, device: '/dev/xvdp' });
    await expectNamed('/dev/sdp', diskPath(volumeId));
    expect(await linksOf(guest, '/dev/sdf')).toEqual([]);
    expect(await sh(guest, `sudo mount ${diskPath(volumeId)} /mnt; cat /mnt/second.txt`)).toBe(
      'second',
    );
  });

  test('when they are deleted, the storage is as before', async () => {
    await cloud.terminate(guest.instanceId);
    await remove(volumeId);
    for (const SnapshotId of [firstId, secondId]) {
      await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    }
    await expectUsage(platform, usageBefore);
  });
});
