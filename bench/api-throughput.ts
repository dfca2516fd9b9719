import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import type { Row } from './row.ts';
import { millis, verdict } from './row.ts';
import { seedImages } from './seed-images.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { hammer } from './wrk.ts';

const durationSeconds = 10;

interface Load {
  readonly what: string;
  readonly goalPerSecond: number;
  readonly parameters: Record<string, string>;
}

async function measureLoad(server: ServerProcess, load: Load): Promise<Row> {
  await hammer(server, load.parameters, 2);
  const { perSecond, p99Ms, errors, cpuMicros } = await hammer(
    server,
    load.parameters,
    durationSeconds,
  );
  return {
    what: `f) ${load.what}, 32 connections`,
    measured: `${Math.round(perSecond)}/s, p99 ${millis(p99Ms)}${errors > 0 ? `, ${errors} ERRORS` : ''}`,
    against: `${load.goalPerSecond}/s`,
    verdict: verdict(perSecond >= load.goalPerSecond && errors === 0),
    note: `${Math.round(cpuMicros)} µs of the server's CPU a request; load generator on the same two cores`,
  };
}

export function clientOf(server: ServerProcess): EC2Client {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  return new EC2Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** Requests a second and p99 against a simulated platform, signatures verified, writes durable. */
export async function apiThroughput(): Promise<readonly Row[]> {
  const { seedPath, imageIds } = await seedImages(10);
  await using server = await startServer(['--compute', 'simulated', '--seed', seedPath]);
  const client = clientOf(server);
  const ImageId = imageIds[0] ?? '';
  const launch = { ImageId, InstanceType: 't3.micro' as const, MinCount: 100, MaxCount: 100 };
  const { Instances = [] } = await client.send(new RunInstancesCommand(launch));
  const instanceId = Instances[0]?.InstanceId ?? '';
  const loads: readonly Load[] = [
    {
      what: 'DescribeImages by id',
      goalPerSecond: 5000,
      parameters: { Action: 'DescribeImages', 'ImageId.1': ImageId },
    },
    {
      what: 'DescribeInstances with 100 instances',
      goalPerSecond: 300,
      parameters: { Action: 'DescribeInstances' },
    },
    {
      what: 'CreateTags, durable',
      goalPerSecond: 1000,
      parameters: {
        Action: 'CreateTags',
        'ResourceId.1': instanceId,
        'Tag.1.Key': 'bench',
        'Tag.1.Value': 'value',
      },
    },
    {
      what: 'RunInstances simulated, durable',
      goalPerSecond: 1000,
      parameters: {
        Action: 'RunInstances',
        ImageId,
        InstanceType: 't3.micro',
        MinCount: '1',
        MaxCount: '1',
      },
    },
  ];
  const rows: Row[] = [];
  for (const load of loads) rows.push(await measureLoad(server, load));
  return rows;
}
