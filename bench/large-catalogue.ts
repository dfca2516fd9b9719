import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  CreateVolumeCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { clientOf } from './api-throughput.ts';
import { median, millis, type Row, seconds, verdict } from './row.ts';
import { seedImages } from './seed-images.ts';
import { cpuSeconds, startServer } from './server-process.ts';

const count = 100_000;
const rounds = 40;
const goalMs = 10;
const startGoalMs = 3000;

/** Fills a data folder, and measures a start with what is in it. */
async function startWithImages(data: string) {
  const { seedPath } = await seedImages(count);
  const mode = ['--compute', 'simulated', '--regions', 'us-east-1'];
  const begun = performance.now();
  const filling = await startServer([...mode, '--seed', seedPath], data);
  const fillMs = performance.now() - begun;
  await filling[Symbol.asyncDispose]();
  const started = performance.now();
  const server = await startServer(mode, data);
  const startMs = performance.now() - started;
  return { server, fillMs, startMs, startCpu: await cpuSeconds(server.pid) };
}

const volumes = 100;
const tagsEach = 50;
const patterns = 200;
const stallGoalMs = 50;

/**
 * A filter made to keep the server busy: patterns that match at no place and nearly at each. What it costs others is how
 * late the server serves them meanwhile.
 */
async function hostileFilter(client: EC2Client, endpoint: string): Promise<Row> {
  const Tags = Array.from({ length: tagsEach }, (_, index) => ({
    Key: `key-${index}`,
    Value: 'a'.repeat(255),
  }));
  for (let made = 0; made < volumes; made += 1) {
    await client.send(
      new CreateVolumeCommand({
        Size: 1,
        AvailabilityZone: 'us-east-1a',
        TagSpecifications: [{ ResourceType: 'volume', Tags }],
      }),
    );
  }
  const Values = Array.from({ length: patterns }, (_, index) => `*${'a'.repeat(50 + index)}b`);
  const Filters = [
    { Name: 'tag:key-0', Values },
    ...Array.from({ length: tagsEach - 1 }, (_, index) => ({
      Name: `tag:key-${index + 1}`,
      Values: ['*a*'],
    })),
  ];
  let took = 0;
  let outcome = '';
  const worstMs = await latestHealth(endpoint, async () => {
    const begun = performance.now();
    outcome = await client.send(new DescribeVolumesCommand({ Filters })).then(
      ({ Volumes = [] }) => `${Volumes.length} found`,
      (error: Error) => `refused: ${error.name}`,
    );
    took = performance.now() - begun;
  });
  const idleMs = await latestHealth(endpoint, () => setTimeout(took));
  return {
    what: `g) ${patterns} patterns *aaa…ab over ${volumes} volumes with tags of 255 times a: the latest healthz meanwhile`,
    measured: millis(worstMs),
    against: millis(stallGoalMs),
    verdict: verdict(worstMs < stallGoalMs),
    note: `the request took ${millis(took)}: ${outcome}; without it the latest healthz came after ${millis(idleMs)}`,
  };
}

/** 100,000 images and as many snapshots: what a filtered describe costs its caller. */
export async function largeCatalogue(): Promise<readonly Row[]> {
  const data = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  try {
    return await measure(data);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** What a start costs without records. */
async function emptyStart(): Promise<string> {
  const begun = performance.now();
  await using server = await startServer(['--compute', 'simulated', '--regions', 'us-east-1']);
  const took = performance.now() - begun;
  return `${millis(took)}, ${seconds((await cpuSeconds(server.pid)) * 1000)} of CPU`;
}

/** The latest reply of healthz while `work` runs, in ms. */
async function latestHealth(endpoint: string, work: () => Promise<unknown>): Promise<number> {
  const poller = new Worker(new URL('health-poller.ts', import.meta.url), { workerData: endpoint });
  await once(poller, 'message');
  let worstMs = 0;
  poller.on('message', (tookMs: number) => {
    worstMs = Math.max(worstMs, tookMs);
  });
  await work();
  await once(poller, 'message');
  await poller.terminate();
  return worstMs;
}

/** The requests that are measured, each with its own values for each round. */
const requests = (client: EC2Client, index: number) => ({
  'by name': () =>
    client.send(
      new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: [`image-${index * 7}`] }] }),
    ),
  'by tag (100 found)': () =>
    client.send(
      new DescribeImagesCommand({ Filters: [{ Name: 'tag:group', Values: [String(index)] }] }),
    ),
  'by state, first 100 of all': () =>
    client.send(
      new DescribeImagesCommand({
        Filters: [{ Name: 'state', Values: ['available'] }],
        MaxResults: 100,
      }),
    ),
  'by tag key, first 100 of all': () =>
    client.send(
      new DescribeImagesCommand({
        Filters: [{ Name: 'tag-key', Values: ['group'] }],
        MaxResults: 100,
      }),
    ),
  'by name pattern (11 found)': () =>
    client.send(
      new DescribeImagesCommand({
        Filters: [{ Name: 'name', Values: [`image-${1000 + index}?`, `image-${2000 + index}`] }],
      }),
    ),
  'snapshots by id filter': () =>
    client.send(
      new DescribeSnapshotsCommand({
        SnapshotIds: [`snap-${(index + 1).toString(16).padStart(17, '0')}`],
      }),
    ),
});

async function measure(data: string): Promise<readonly Row[]> {
  const empty = await emptyStart();
  const { server: started, fillMs, startMs, startCpu } = await startWithImages(data);
  await using server = started;
  const client = clientOf(server);
  const rows: Row[] = [
    {
      what: 'g) server start with 100,000 images and snapshots, until ready',
      measured: millis(startMs),
      against: millis(startGoalMs),
      verdict: verdict(startMs < startGoalMs),
      note: `${seconds(startCpu * 1000)} of CPU; without records ${empty}; the start that registered them took ${seconds(fillMs)}`,
    },
  ];
  for (const name of Object.keys(requests(client, 0)) as (keyof ReturnType<typeof requests>)[]) {
    const times: number[] = [];
    const cpuBefore = await cpuSeconds(server.pid);
    for (let index = 0; index < rounds; index += 1) {
      const begun = performance.now();
      await requests(client, index)[name]();
      times.push(performance.now() - begun);
    }
    const p50 = median(times);
    const cpuMs = (((await cpuSeconds(server.pid)) - cpuBefore) * 1000) / rounds;
    rows.push({
      what: `g) 100,000 images and snapshots: describe ${name}, p50`,
      measured: millis(p50),
      against: millis(goalMs),
      verdict: verdict(p50 < goalMs),
      note: `by the SDK, its parsing included; ${millis(cpuMs)} of the server's CPU each`,
    });
  }
  rows.push(await hostileFilter(client, server.endpoint));
  return rows;
}
