import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  type EC2Client,
  RegisterImageCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  waitUntilInstanceRunning,
  waitUntilInstanceTerminated,
  waitUntilSnapshotCompleted,
  waitUntilVolumeAvailable,
} from '@aws-sdk/client-ec2';
import { KiB, MiB } from '@bakehouse/base';
import { connectQmp, type QmpClient } from '@bakehouse/qmp';
import { takePublicRange } from '@bakehouse/testkit';
import { clientOf } from './api-throughput.ts';
import { median, millis, type Row, verdict } from './row.ts';
import { endPlatform, notePlatform } from './scratch-folder.ts';
import { startServer } from './server-process.ts';

const rounds = 9;
const changedBytes = 10 * MiB;
const goals = { pauseMs: 5, answeredMs: 20, completedMs: 150 };
const patience = { maxWaitTime: 120, minDelay: 1, maxDelay: 1 };

interface Shape {
  readonly volumes: number;
  readonly sizeGiB: number;
}

const shapes: readonly Shape[] = [
  { volumes: 1, sizeGiB: 8 },
  { volumes: 4, sizeGiB: 8 },
  { volumes: 1, sizeGiB: 1024 },
  { volumes: 4, sizeGiB: 1024 },
];

/** A platform with an image whose disk is empty: its guests run, find nothing to boot, and write nothing. */
interface EmptyGuests extends AsyncDisposable {
  readonly client: EC2Client;
  readonly imageId: string;
  readonly dataDirectory: string;
  /** The pause of the last freeze, as the server logged it: how long the guest's writes were held. */
  lastPauseMs(): number;
}

async function startEmptyGuests(): Promise<EmptyGuests> {
  const dataDirectory = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-live-')));
  notePlatform(dataDirectory);
  let log = '';
  const args = ['--public-cidr', (await takePublicRange()).cidr, '--log-level', 'info'];
  const server = await startServer(args, dataDirectory, (text) => {
    log = (log + text).slice(-64 * KiB);
  });
  const client = clientOf(server);
  const volume = await client.send(
    new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
  );
  const VolumeId = volume.VolumeId ?? '';
  await waitUntilVolumeAvailable({ client, ...patience }, { VolumeIds: [VolumeId] });
  const { SnapshotId = '' } = await client.send(new CreateSnapshotCommand({ VolumeId }));
  await waitUntilSnapshotCompleted({ client, ...patience }, { SnapshotIds: [SnapshotId] });
  const { ImageId = '' } = await client.send(
    new RegisterImageCommand({
      Name: 'empty',
      Architecture: 'x86_64',
      VirtualizationType: 'hvm',
      EnaSupport: true,
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId } }],
    }),
  );
  return {
    client,
    imageId: ImageId,
    dataDirectory,
    lastPauseMs: () => Number(/.*"pauseMs":([\d.]+)/s.exec(log)?.[1] ?? Number.NaN),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await endPlatform(dataDirectory);
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

interface Guest extends AsyncDisposable {
  readonly instanceId: string;
  readonly volumeIds: readonly string[];
  /** Works with the monitor for disks, which the server uses between. */
  monitor<Result>(work: (monitor: QmpClient) => Promise<Result>): Promise<Result>;
}

async function launch(
  { client, imageId, dataDirectory }: EmptyGuests,
  shape: Shape,
): Promise<Guest> {
  const { volumes, sizeGiB } = shape;
  const devices = Array.from(
    { length: volumes },
    (_, n) => `/dev/${n === 0 ? 'xvda' : `sd${'fghi'[n]}`}`,
  );
  const { Instances = [] } = await client.send(
    new RunInstancesCommand({
      ImageId: imageId,
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      BlockDeviceMappings: devices.map((DeviceName) => ({
        DeviceName,
        Ebs: { VolumeSize: sizeGiB, DeleteOnTermination: true },
      })),
    }),
  );
  const instanceId = Instances[0]?.InstanceId ?? '';
  const InstanceIds = [instanceId];
  await waitUntilInstanceRunning({ client, ...patience }, { InstanceIds });
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ InstanceIds }));
  const mappings = Reservations[0]?.Instances?.[0]?.BlockDeviceMappings ?? [];
  const socketPath = join(dataDirectory, 'instances', instanceId, 'disks.sock');
  return {
    instanceId,
    volumeIds: mappings.map(({ Ebs }) => Ebs?.VolumeId ?? ''),
    async monitor(work) {
      const monitor = await connectQmp({ socketPath, timeoutMs: 60_000 });
      try {
        return await work(monitor);
      } finally {
        await monitor.close();
      }
    },
    async [Symbol.asyncDispose]() {
      await client.send(new TerminateInstancesCommand({ InstanceIds }));
      await waitUntilInstanceTerminated({ client, ...patience }, { InstanceIds });
    },
  };
}

/**
 * Writes 10 MiB in all through the guest's devices, in runs of 512 KiB spread over the disks, that nothing else is
 * equal to and that pack to half.
 */
async function change(guest: Guest, folder: string): Promise<void> {
  const runBytes = 512 * KiB;
  const runs = changedBytes / runBytes;
  const path = join(folder, 'content');
  await guest.monitor(async (monitor) => {
    for (let run = 0; run < runs; run += 1) {
      await writeFile(path, randomBytes(runBytes / 2).toString('hex'));
      const volumeId = guest.volumeIds[run % guest.volumeIds.length];
      const offset = Math.floor(run / guest.volumeIds.length) * 64 * MiB;
      await monitor.execute('human-monitor-command', {
        'command-line': `qemu-io -d /machine/peripheral/d-${volumeId}/virtio-backend "write -s ${path} ${offset} ${runBytes}"`,
      });
    }
  });
}

interface Times {
  readonly pauseMs: number;
  readonly answeredMs: number;
  readonly completedMs: number;
}

/** One snapshot of all the guest's volumes: by CreateSnapshot when there is one, else by CreateSnapshots. */
async function takeSnapshot(platform: EmptyGuests, guest: Guest): Promise<Times> {
  const { client } = platform;
  const { instanceId, volumeIds } = guest;
  const begun = performance.now();
  const SnapshotIds =
    volumeIds.length === 1
      ? [
          (await client.send(new CreateSnapshotCommand({ VolumeId: volumeIds[0] }))).SnapshotId ??
            '',
        ]
      : (
          await client.send(
            new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: instanceId } }),
          )
        ).Snapshots?.map(({ SnapshotId = '' }) => SnapshotId);
  const answeredMs = performance.now() - begun;
  for (;;) {
    const { Snapshots = [] } = await client.send(new DescribeSnapshotsCommand({ SnapshotIds }));
    if (Snapshots.every(({ State }) => State === 'completed')) break;
    const failed = Snapshots.find(({ State }) => State === 'error');
    if (failed) throw new Error(`${failed.SnapshotId} failed: ${failed.StateMessage}`);
    await sleep(5);
  }
  const completedMs = performance.now() - begun;
  return { pauseMs: platform.lastPauseMs(), answeredMs, completedMs };
}

async function measureShape(platform: EmptyGuests, shape: Shape, folder: string): Promise<Times> {
  await using guest = await launch(platform, shape);
  const times: Times[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await change(guest, folder);
    times.push(await takeSnapshot(platform, guest));
  }
  // The first has no snapshot before it.
  const later = times.slice(1);
  return {
    pauseMs: median(later.map((time) => time.pauseMs)),
    answeredMs: median(later.map((time) => time.answeredMs)),
    completedMs: median(later.map((time) => time.completedMs)),
  };
}

/** b) A snapshot of a running guest after 10 MiB changed. */
export async function liveSnapshot(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  await using platform = await startEmptyGuests();
  const rows: Row[] = [];
  for (const shape of shapes) {
    const { pauseMs, answeredMs, completedMs } = await measureShape(platform, shape, folder);
    const met =
      pauseMs <= goals.pauseMs &&
      answeredMs <= goals.answeredMs &&
      completedMs <= goals.completedMs;
    rows.push({
      what: `b) snapshot of a running guest, 10 MiB changed: ${shape.volumes} × ${shape.sizeGiB} GiB`,
      measured: `pause ${millis(pauseMs)}, returned ${millis(answeredMs)}, completed ${millis(completedMs)}`,
      against: `${goals.pauseMs}, ${goals.answeredMs}, ${goals.completedMs} ms`,
      verdict: verdict(met),
      note: `medians of ${rounds}, by the SDK; completed as polled every 5 ms`,
    });
  }
  await rm(folder, { recursive: true });
  return rows;
}
