import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeImagesCommand,
  type EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2';
import { adminClient } from '@bakehouse/aws-wire';
import { clientOf } from './api-throughput.ts';
import { median, millis, type Row, verdict } from './row.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const rounds = 9;
const goals = { answeredMs: 15, startedMs: 200 };
const startLimitMs = 60_000;

/** BAKEHOUSE_BENCH_DATA names a folder with a baked image; else one is baked, which takes minutes. */
const data = process.env.BAKEHOUSE_BENCH_DATA;

async function bakedImage(server: ServerProcess, client: EC2Client): Promise<string> {
  const find = async () => {
    const { Images = [] } = await client.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    return Images[0]?.ImageId;
  };
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const admin = adminClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  });
  const there = await find();
  if (there) return there;
  for await (const _ of admin.callStreaming('Bake', {}));
  return (await find()) ?? '';
}

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
async function launch(server: ServerProcess, client: EC2Client, ImageId: string) {
  const begun = performance.now();
  const request = { ImageId, InstanceType: 't3.nano' as const, MinCount: 1, MaxCount: 1 };
  const { Instances = [] } = await client.send(new RunInstancesCommand(request));
  const answeredMs = performance.now() - begun;
  const instanceId = Instances[0]?.InstanceId ?? '';
  await appears(join(server.dataDirectory, 'instances', instanceId, 'pid'));
  const startedMs = performance.now() - begun;
  const InstanceIds = [instanceId];
  await client.send(new TerminateInstancesCommand({ InstanceIds }));
  await waitUntilInstanceTerminated(
    { client, maxWaitTime: 120, minDelay: 1, maxDelay: 1 },
    { InstanceIds },
  );
  return { answeredMs, startedMs };
}

/** e) RunInstances answered, and to QEMU started. */
export async function launches(): Promise<readonly Row[]> {
  await using server = await startServer(['--public-cidr', '127.45.0.0/16'], data);
  const client = clientOf(server);
  const imageId = await bakedImage(server, client);
  await launch(server, client, imageId);
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push(await launch(server, client, imageId));
  const answered = median(times.map((time) => time.answeredMs));
  const started = median(times.map((time) => time.startedMs));
  const note = `medians of ${rounds}, by the SDK`;
  return [
    {
      what: 'e) RunInstances answered',
      measured: millis(answered),
      against: millis(goals.answeredMs),
      verdict: verdict(answered <= goals.answeredMs),
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
