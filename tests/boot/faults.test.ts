import { createHash } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeInstanceStatusCommand,
  DescribeSnapshotsCommand,
  DescribeVolumeStatusCommand,
  DescribeVolumesCommand,
  StartInstancesCommand,
  waitUntilInstanceStopped,
  waitUntilSnapshotCompleted,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, inject, onTestFailed, test } from 'vitest';
import { blockServerPid, killBlockServer } from './support/block-server.ts';
import { type Cloud, type Machine, openCloud, patience, sshFromHost } from './support/cloud.ts';
import { attachVolume, createVolume, diskPath } from './support/disks.ts';
import { findInSegments, flipBit } from './support/flip-byte.ts';
import { login, sh, trySh } from './support/guest.ts';
import { processesOf } from './support/leftovers.ts';
import { output, run } from './support/run.ts';
import { servedBytes } from './support/served-bytes.ts';
import { openSmallPlatform, type SmallPlatform } from './support/small-platform.ts';
import { leftovers, verify } from './support/usage.ts';
import { until } from './support/wait.ts';

const MiB = 1024 ** 2;
const blockBytes = 512 * 1024;
/** Free bytes of the platform's file system when it starts; as much again is held back. */
const roomMiB = 160;
const sampleMiB = 16;
/** Of the sample's blocks, the one that is damaged. */
const damagedBlock = 9;
/** For a guest that writes a lot: emulated, on a busy machine, that takes its time. */
const slowMs = 600_000;
const program = join(import.meta.dirname, '../../apps/cli/bin/bakehouse');

/** One guest on a platform of its own, whose whole data folder is on a small file system. */
describe('a guest and the faults of its host', () => {
  let small: SmallPlatform;
  let cloud: Cloud;
  let guest: Machine;
  let zone: string;
  let sampleId: string;
  let snapshotId: string;
  let copyId: string;
  let sums: { readonly sample: string; readonly block: string };
  let blockOfSample: Buffer;

  beforeAll(async () => {
    small = await openSmallPlatform(inject('platform'), roomMiB);
    cloud = await openCloud(small.platform, 'faults');
    const group = await cloud.group('ssh', sshFromHost);
    guest = await login(await cloud.launch({ SecurityGroupIds: [group] }));
    zone = (await cloud.describe(guest.instanceId)).Placement?.AvailabilityZone ?? '';
    await takeSample();
  });
  afterAll(async () => {
    await cloud?.end();
    await small?.end();
  });

  /** What the server said, beside a test that failed. */
  function showLog(): void {
    onTestFailed(async () => {
      const lines = (await readFile(small.platform.serverLog, 'utf8')).trim().split('\n');
      process.stderr.write(`\nserver log:\n${lines.slice(-40).join('\n')}\n`);
    });
  }

  function bakehouse(...args: string[]) {
    const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...rest } = process.env;
    const env = { ...rest, BAKEHOUSE_DATA: small.platform.dataDirectory };
    return run([program, ...args], { env, limitMs: 180_000 });
  }

  const noComplaints = async () =>
    expect(await sh(guest, "sudo dmesg | grep -iE 'i/o error|blocked for more' || true")).toBe('');

  /** Small direct reads: none is served from the guest's memory, and all of them take their time. */
  const copySumOf = () =>
    `sudo dd if=${diskPath(copyId)} bs=4k count=${sampleMiB * 256} iflag=direct status=none | sha256sum`;

  /** Random bytes on a volume, a snapshot of it, and a volume of that: all its blocks are the store's. */
  async function takeSample(): Promise<void> {
    sampleId = await createVolume(cloud.ec2, { AvailabilityZone: zone, Size: 1 });
    await attachVolume(cloud.ec2, guest, { volumeId: sampleId, device: '/dev/sdf' });
    const disk = diskPath(sampleId);
    const block = `dd if=${disk} bs=512k skip=${damagedBlock} count=1 status=none`;
    const said = await sh(
      guest,
      `sudo dd if=/dev/urandom of=${disk} bs=1M count=${sampleMiB} oflag=direct status=none
      sudo dd if=${disk} bs=1M count=${sampleMiB} iflag=direct status=none | sha256sum
      sudo ${block} | sha256sum
      sudo ${block} | base64 -w 0`,
    );
    const [sample = '', digest = '', base64 = ''] = said.replaceAll(' -', '').split('\n');
    sums = { sample: sample.trim(), block: digest.trim() };
    blockOfSample = Buffer.from(base64, 'base64');
    const request = new CreateSnapshotCommand({ VolumeId: sampleId });
    ({ SnapshotId: snapshotId = '' } = await cloud.ec2.send(request));
    await waitUntilSnapshotCompleted(patience(cloud.ec2), { SnapshotIds: [snapshotId] });
    copyId = await createVolume(cloud.ec2, { AvailabilityZone: zone, SnapshotId: snapshotId });
    await attachVolume(cloud.ec2, guest, { volumeId: copyId, device: '/dev/sdg' });
  }

  test('a flipped bit in a stored chunk is an I/O error, and reported by verify, never served', async () => {
    showLog();
    expect(createHash('sha256').update(blockOfSample).digest('hex')).toBe(sums.block);
    const { dataDirectory } = small.platform;
    const place = await findInSegments(dataDirectory, blockOfSample.subarray(0, 4096));
    await flipBit({ ...place, offset: place.offset + 70_000 });
    const read = (block: number) =>
      trySh(
        guest,
        `sudo dd if=${diskPath(copyId)} bs=512k skip=${block} count=1 iflag=direct status=none | wc -c`,
      );
    const damaged = await read(damagedBlock);
    expect(damaged.stderr).toContain('Input/output error');
    expect(Number(damaged.stdout)).toBe(0);
    expect((await read(damagedBlock + 1)).stdout.trim()).toBe(String(blockBytes));
    const { code, stdout } = await bakehouse('verify');
    expect(code).toBe(1);
    for (const name of [sums.block, place.path, snapshotId, copyId]) expect(stdout).toContain(name);
    // Nothing heals by being looked at.
    expect((await read(damagedBlock)).stderr).toContain('Input/output error');
    expect((await verify(small.platform)).problems).toHaveLength(1);
    await flipBit({ ...place, offset: place.offset + 70_000 });
    expect((await verify(small.platform)).problems).toEqual([]);
    expect((await read(damagedBlock)).stdout.trim()).toBe(String(blockBytes));
    await sh(guest, 'sudo dmesg --clear');
  });

  /** Begins to read all of the sample and is back at once; `sum` is there when all of it was read. */
  const beginReading = () =>
    sh(
      guest,
      `rm -f sum
      nohup sh -c '${copySumOf()} > sum.new && mv sum.new sum' > /dev/null 2>&1 &`,
    );
  const sumOfReading = () => until('the sum of what was read', () => sh(guest, 'cat sum'));

  /** kill -9 of the block server in the midst of a guest's reading. */
  async function killWhileReading(): Promise<number> {
    const { dataDirectory } = small.platform;
    const before = await servedBytes(dataDirectory);
    await beginReading();
    const served = async () => (await servedBytes(dataDirectory)) - before;
    await until('the first bytes', async () => (await served()) > MiB, { everyMs: 10 });
    expect(await served()).toBeLessThan(sampleMiB * MiB);
    return await killBlockServer(small.platform);
  }

  test('reads wait for a block server that was killed, and go on without an error', async () => {
    showLog();
    const pid = await killWhileReading();
    expect(await sumOfReading()).toMatch(sums.sample);
    const next = await until('the next one', () => blockServerPid(small.platform));
    expect(next).not.toBe(pid);
    await noComplaints();
  });

  test('they wait also while the server is away, until it is back', async () => {
    showLog();
    await small.withoutServer(async () => {
      await killWhileReading();
      expect(await blockServerPid(small.platform)).toBeUndefined();
    });
    expect(await sumOfReading()).toMatch(sums.sample);
    await noComplaints();
  });

  const statusOf = async () => {
    const request = new DescribeInstanceStatusCommand({ InstanceIds: [guest.instanceId] });
    return (await cloud.ec2.send(request)).InstanceStatuses?.[0];
  };
  const areDisks = async (wanted: 'ok' | 'impaired') =>
    (await statusOf())?.AttachedEbsStatus?.Status === wanted;
  const health = async () =>
    (await (await fetch(`${small.platform.endpoint}/healthz`)).json()) as {
      status: string;
      problems: readonly string[];
      pid: number;
    };

  /** Begins to write more than there is room for; the sum is of what was to be written. */
  async function writeTooMuch(): Promise<void> {
    const { bavail, bsize } = await statfs(small.platform.dataDirectory);
    await sh(
      guest,
      `nohup sh -c 'head -c ${bavail * bsize + 32 * MiB} /dev/urandom | tee big | sha256sum > big.sum
        sync big; echo done > big.done' > /dev/null 2> big.failure &`,
    );
  }

  test('a full disk pauses the guest; health and status say which disk and what to do', async () => {
    showLog();
    const { dataDirectory } = small.platform;
    await writeTooMuch();
    await until('an impaired disk', () => areDisks('impaired'), { limitMs: slowMs });
    expect((await statusOf())?.InstanceStatus?.Status).toBe('impaired');
    expect((await statusOf())?.SystemStatus?.Status).toBe('ok');
    const volumes = new DescribeVolumeStatusCommand({ VolumeIds: [sampleId] });
    const { VolumeStatuses } = await cloud.ec2.send(volumes);
    expect(VolumeStatuses?.[0]?.VolumeStatus?.Status).toBe('warning');
    const { status, problems } = await health();
    expect(status).toBe('impaired');
    const reports = [problems.join('\n'), (await bakehouse('status')).stdout];
    for (const text of reports) {
      expect(text).toContain(guest.instanceId);
      expect(text).toContain(dataDirectory);
      expect(text).toMatch(/free at least \d+ MiB/);
    }
  });

  test('a server that is killed on the full disk starts again, and says the same', async () => {
    showLog();
    const { pid } = await health();
    process.kill(pid, 'SIGKILL');
    await until('another server', async () => (await health()).pid !== pid);
    await until('the same problem', async () => {
      const { status, problems } = await health();
      return status === 'impaired' && problems.join().includes(guest.instanceId);
    });
    expect((await health()).problems.join('\n')).toMatch(/free at least \d+ MiB/);
    const running = new DescribeInstanceStatusCommand({ InstanceIds: [guest.instanceId] });
    expect((await cloud.ec2.send(running)).InstanceStatuses?.[0]?.InstanceState?.Name).toBe(
      'running',
    );
  });

  async function holdings() {
    const { Volumes = [] } = await cloud.ec2.send(new DescribeVolumesCommand({}));
    const mine = new DescribeSnapshotsCommand({ OwnerIds: ['self'] });
    const { Snapshots = [] } = await cloud.ec2.send(mine);
    return [...Volumes.map((each) => each.VolumeId), ...Snapshots.map((each) => each.SnapshotId)];
  }

  test('new volumes and snapshots are refused for it, and nothing is half done', async () => {
    showLog();
    const before = await holdings();
    const filesBefore = await output(['find', small.platform.dataDirectory, '-type', 'f']);
    const refusal = {
      name: 'InsufficientVolumeCapacity',
      message: expect.stringContaining(small.platform.dataDirectory),
    };
    const volume = new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1 });
    await expect(cloud.ec2.send(volume)).rejects.toMatchObject(refusal);
    const snapshot = new CreateSnapshotCommand({ VolumeId: sampleId });
    await expect(cloud.ec2.send(snapshot)).rejects.toMatchObject(refusal);
    expect(await holdings()).toEqual(before);
    expect(await output(['find', small.platform.dataDirectory, '-type', 'f'])).toBe(filesBefore);
  });

  test('with room again the guest goes on by itself, and its data is whole', async () => {
    showLog();
    await small.makeRoom();
    await until('disks that work', () => areDisks('ok'));
    await until('all written', () => sh(guest, 'cat big.done'), { limitMs: slowMs });
    expect(await sh(guest, 'cat big.failure')).toBe('');
    await sh(guest, "sync; echo 3 | sudo sh -c 'cat > /proc/sys/vm/drop_caches'");
    expect(await sh(guest, 'sha256sum < big')).toBe(await sh(guest, 'cat big.sum'));
    await noComplaints();
    expect((await health()).problems).toEqual([]);
    // On a full disk the log could not say so; it does now. The server that started meanwhile found the guest paused.
    const log = await readFile(small.platform.serverLog, 'utf8');
    expect(log).toMatch(/paused guest resumed.*disk could not be written.*free at least \d+ MiB/);
    expect((await verify(small.platform)).problems).toEqual([]);
  });

  test('a machine that was killed is seen, keeps its volumes, and starts again', async () => {
    showLog();
    const jailAndQemu = await processesOf([`guest=${guest.instanceId}`]);
    const processes = jailAndQemu.filter(({ argv }) => argv.includes('qemu-system-'));
    expect(processes).toHaveLength(1);
    for (const { pid } of processes) process.kill(pid, 'SIGKILL');
    await waitUntilInstanceStopped(patience(cloud.ec2), { InstanceIds: [guest.instanceId] });
    const instance = await cloud.describe(guest.instanceId);
    expect(instance.StateReason?.Code).toBe('Server.InternalError');
    expect(instance.StateReason?.Message).toContain('ended by itself');
    const attached = instance.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.VolumeId);
    expect(attached).toEqual(expect.arrayContaining([sampleId, copyId]));
    // Of this platform: others on the host may leave what they like.
    const left = (await leftovers(small.platform)).map((each) => JSON.stringify(each));
    const own = [small.platform.dataDirectory, guest.instanceId, sampleId, copyId];
    expect(left.filter((text) => own.some((name) => text.includes(name)))).toEqual([]);
    const start = new StartInstancesCommand({ InstanceIds: [guest.instanceId] });
    await cloud.ec2.send(start);
    const address = await until('running again', async () => {
      const { State, PublicIpAddress } = await cloud.describe(guest.instanceId);
      return State?.Name === 'running' && PublicIpAddress;
    });
    guest = await login({ ...guest, address });
    expect(await sh(guest, 'cat big.done')).toBe('done');
    expect(await sh(guest, copySumOf())).toMatch(sums.sample);
    await cloud.terminate(guest.instanceId);
    await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  });
});
