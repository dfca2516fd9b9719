import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunInstancesCommand } from '@aws-sdk/client-ec2';
import { until } from '../tests/boot/support/wait.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { median, millis, type Row, verdict } from './row.ts';

const rounds = 9;
const goals = { answeredMs: 15, startedMs: 200 };
const startLimitMs = 60_000;
const bootLimitMs = 600_000;
const machineConsole = 'serial.log';
/** What Bakehouse Linux writes last. */
const endOfBoot = 'boot times, in seconds';

async function appears(path: string): Promise<void> {
  for (
    const deadline = performance.now() + startLimitMs;
    performance.now() < deadline;
    await sleep(2)
  ) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return;
  }
  throw new Error(`${path} did not appear within ${startLimitMs} ms`);
}

/** One launch: until the answer, and until QEMU runs. */
async function launch({ client, imageId, dataDirectory, terminate }: GuestPlatform) {
  const begun = performance.now();
  const request = { ImageId: imageId, InstanceType: 't3.nano' as const, MinCount: 1, MaxCount: 1 };
  const { Instances = [] } = await client.send(new RunInstancesCommand(request));
  const answeredMs = performance.now() - begun;
  const instanceId = Instances[0]?.InstanceId ?? '';
  await appears(join(dataDirectory, 'instances', instanceId, 'pid'));
  const startedMs = performance.now() - begun;
  await terminate(instanceId);
  return { answeredMs, startedMs };
}

type Launched = Awaited<ReturnType<typeof launch>>;

async function launchOften(platform: GuestPlatform): Promise<readonly Launched[]> {
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push(await launch(platform));
  return times;
}

/** A guest in the same VPC that is at rest: the VPC's network exists, and the host's cores are free. */
async function restingGuest({ client, imageId, dataDirectory }: GuestPlatform): Promise<string> {
  const request = { ImageId: imageId, InstanceType: 't3.nano' as const, MinCount: 1, MaxCount: 1 };
  const { Instances = [] } = await client.send(new RunInstancesCommand(request));
  const instanceId = Instances[0]?.InstanceId ?? '';
  const console = join(dataDirectory, 'instances', instanceId, machineConsole);
  const hasBooted = async () => (await readFile(console, 'latin1')).includes(endOfBoot);
  await until('the end of a boot', hasBooted, { limitMs: bootLimitMs, everyMs: 500 });
  return instanceId;
}

function startedRow(where: string, times: readonly Launched[]): Row {
  const started = median(times.map((time) => time.startedMs));
  return {
    what: `e) RunInstances to QEMU started, ${where}`,
    measured: millis(started),
    against: millis(goals.startedMs),
    verdict: verdict(started <= goals.startedMs),
    note: `median of ${rounds}, by the SDK`,
  };
}

/** e) RunInstances returned, and to QEMU started. */
export async function launches(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  await launch(platform);
  // Each makes the VPC's network, right after the one before was removed.
  const alone = await launchOften(platform);
  const resting = await restingGuest(platform);
  const beside = await launchOften(platform);
  await platform.terminate(resting);
  const returned = median([...alone, ...beside].map((time) => time.answeredMs));
  return [
    {
      what: 'e) RunInstances returned',
      measured: millis(returned),
      against: millis(goals.answeredMs),
      verdict: verdict(returned <= goals.answeredMs),
      note: `median of ${2 * rounds}, by the SDK`,
    },
    startedRow('the first of its VPC', alone),
    startedRow('beside another', beside),
  ];
}
