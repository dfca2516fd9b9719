import { join } from 'node:path';
import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeVolumeStatusCommand,
  waitUntilSnapshotCompleted,
  waitUntilVolumeDeleted,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { blockServerPid } from './support/block-server.ts';
import { type Cloud, type Machine, openCloud, patience, sshFromHost } from './support/cloud.ts';
import { attachVolume, createVolume, detachVolume, diskPath } from './support/disks.ts';
import { environmentOf } from './support/environment.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { login, sh } from './support/guest.ts';
import { killServer } from './support/kill-server.ts';
import { output } from './support/run.ts';
import { prune, readUsage, type Usage } from './support/usage.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const program = join(import.meta.dirname, '../../apps/cli/bin/bakehouse');
/** Of the disk, as much as is compared. */
const comparedMiB = 64;

/** One guest, and disks of a snapshot of its root volume: thin, then whole. */
describe('volumes that are filled in the background', () => {
  let usageBefore: Usage;
  let cloud: Cloud;
  let guest: Machine;
  let zone: string;
  let rootId: string;
  let snapshotId: string;
  let liveId: string;
  let restId: string;
  let sum: string;

  beforeAll(async () => {
    usageBefore = await usageAtRest(platform);
    cloud = await openCloud(platform, 'hydration');
    const group = await cloud.group('ssh', sshFromHost);
    guest = await login(await cloud.launch({ SecurityGroupIds: [group] }));
    zone = (await cloud.describe(guest.instanceId)).Placement?.AvailabilityZone ?? '';
    const { BlockDeviceMappings: [root] = [] } = await cloud.describe(guest.instanceId);
    rootId = root?.Ebs?.VolumeId ?? '';
    const request = new CreateSnapshotCommand({ VolumeId: rootId });
    snapshotId = (await cloud.ec2.send(request)).SnapshotId ?? '';
    await waitUntilSnapshotCompleted(patience(cloud.ec2), { SnapshotIds: [snapshotId] });
  });
  afterAll(() => cloud.end());

  const env = () => ({ ...environmentOf(platform), BAKEHOUSE_DATA: platform.dataDirectory });

  const hydrate = async (...args: string[]) =>
    JSON.parse(
      await output([program, 'hydrate', ...args, '--json'], { env: env(), limitMs: 600_000 }),
    ) as { state: string };

  /** Read past the guest's memory. */
  const sumOf = async (id: string) =>
    await sh(
      guest,
      `sudo dd if=${diskPath(id)} bs=1M count=${comparedMiB} iflag=direct status=none | sha256sum`,
    );

  const statusOf = async (id: string) => {
    const request = new DescribeVolumeStatusCommand({ VolumeIds: [id] });
    const { VolumeStatuses: [status] = [] } = await cloud.ec2.send(request);
    const details = status?.VolumeStatus?.Details ?? [];
    return {
      state: details.find(({ Name }) => Name === 'initialization-state')?.Status,
      ...status?.InitializationStatusDetails,
    };
  };

  /** While the block server is stopped. */
  async function withoutBlocks(work: () => Promise<void>): Promise<void> {
    const pid = await until('a block server', () => blockServerPid(platform));
    process.kill(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  const contentOf = async (id: string) =>
    (await readUsage(platform)).overlays.find(({ volumeId }) => volumeId === id);

  test('a volume of a snapshot can be read at once, and says that it fetches', async () => {
    liveId = await createVolume(cloud.ec2, { AvailabilityZone: zone, SnapshotId: snapshotId });
    await attachVolume(cloud.ec2, guest, { volumeId: liveId, device: '/dev/sdf' });
    sum = await sumOf(liveId);
    expect(await contentOf(liveId)).toMatchObject({ content: 'fetched' });
    expect(await statusOf(liveId)).toMatchObject({ state: 'initializing', Progress: 0 });
  });

  test('it is filled under the guest, over a kill -9 of the server, and needs nothing else then', async () => {
    expect(await hydrate(liveId, '--no-wait')).toMatchObject({ volumeId: liveId });
    await killServer(platform);
    expect(await hydrate(liveId)).toMatchObject({ state: 'completed', progressPercent: 100 });
    expect(await contentOf(liveId)).toMatchObject({ content: 'whole' });
    await withoutBlocks(async () => expect(await sumOf(liveId)).toBe(sum));
  });

  test('a volume with a rate is filled at rest, and needs neither its snapshot nor the block server', async () => {
    const request = { AvailabilityZone: zone, SnapshotId: snapshotId };
    restId = await createVolume(cloud.ec2, { ...request, VolumeInitializationRate: 300 });
    const isFilled = async () => (await statusOf(restId)).state === 'completed';
    await until('a volume that is filled', isFilled, { limitMs: 600_000 });
    expect(await statusOf(restId)).toEqual({
      state: 'completed',
      InitializationType: 'provisioned-rate',
      Progress: 100,
      EstimatedTimeToCompleteInSeconds: 0,
    });
    await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
    await prune(platform);
    await withoutBlocks(async () => {
      await attachVolume(cloud.ec2, guest, { volumeId: restId, device: '/dev/sdg' });
      expect(await sumOf(restId)).toBe(sum);
    });
  });

  test('the root volume of the running guest is filled too', async () => {
    expect(await hydrate(rootId)).toMatchObject({ state: 'completed' });
    await withoutBlocks(async () => {
      await sh(guest, "echo 3 | sudo tee /proc/sys/vm/drop_caches; sudo find / -xdev -name '*.py'");
    });
    expect(await sh(guest, "sudo dmesg | grep -i 'i/o error' || true")).toBe('');
  });

  test('and everything is as it was when they are gone', async () => {
    for (const id of [liveId, restId]) {
      await detachVolume(cloud.ec2, id);
      await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
      await waitUntilVolumeDeleted(patience(cloud.ec2), { VolumeIds: [id] });
    }
    await cloud.terminate(guest.instanceId);
    await expectUsage(platform, usageBefore);
  });
});
