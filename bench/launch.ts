import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunInstancesCommand } from '@aws-sdk/client-ec2';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { median, millis, type Row, verdict } from './row.ts';

const rounds = 9;
const goals = { answeredMs: 15, startedMs: 200 };
const startLimitMs = 60_000;

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

/** e) RunInstances returned, and to QEMU started. */
export async function launches(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  await launch(platform);
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push(await launch(platform));
  const returned = median(times.map((time) => time.answeredMs));
  const started = median(times.map((time) => time.startedMs));
  const note = `medians of ${rounds}, by the SDK`;
  return [
    {
      what: 'e) RunInstances returned',
      measured: millis(returned),
      against: millis(goals.answeredMs),
      verdict: verdict(returned <= goals.answeredMs),
      note,
    },
    {
      what: 'e) RunInstances to QEMU started',
      measured: millis(started),
      against: millis(goals.startedMs),
      verdict: verdict(started <= goals.startedMs),
      note,
    },
  ];
}
