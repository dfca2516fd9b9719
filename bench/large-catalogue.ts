import { DescribeImagesCommand, DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import { clientOf } from './api-throughput.ts';
import { median, millis, type Row, verdict } from './row.ts';
import { seedImages } from './seed-images.ts';
import { startServer } from './server-process.ts';

const count = 100_000;
const rounds = 40;
const goalMs = 25;

/** 100,000 images and as many snapshots: what a filtered describe costs its caller. */
export async function largeCatalogue(): Promise<readonly Row[]> {
  const { seedPath } = await seedImages(count);
  const started = performance.now();
  await using server = await startServer([
    '--compute',
    'simulated',
    '--seed',
    seedPath,
    '--regions',
    'us-east-1',
  ]);
  const startMs = performance.now() - started;
  const client = clientOf(server);
  const filters = (index: number) => ({
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
  const rows: Row[] = [];
  for (const name of Object.keys(filters(0)) as (keyof ReturnType<typeof filters>)[]) {
    const times: number[] = [];
    for (let index = 0; index < rounds; index += 1) {
      const begun = performance.now();
      await filters(index)[name]();
      times.push(performance.now() - begun);
    }
    const p50 = median(times);
    rows.push({
      what: `g) 100,000 images and snapshots: describe ${name}, p50`,
      measured: millis(p50),
      against: millis(goalMs),
      verdict: verdict(p50 < goalMs),
      note: `by the SDK, its parsing included; the server started with them in ${Math.round(startMs / 1000)} s`,
    });
  }
  return rows;
}
