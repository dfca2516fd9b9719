import { RunInstancesCommand } from '@aws-sdk/client-ec2';
import { clientOf } from './api-throughput.ts';
import { type Row, verdict } from './row.ts';
import { seedImages } from './seed-images.ts';
import { residentMiB, startServer } from './server-process.ts';

const goalMiB = 150;

/** Resident memory of the server, idle and with 20 simulated instances. */
export async function serverMemory(): Promise<readonly Row[]> {
  const { seedPath, imageIds } = await seedImages(3);
  await using server = await startServer(['--compute', 'simulated', '--seed', seedPath]);
  const row = async (what: string): Promise<Row> => {
    const measured = await residentMiB(server.pid);
    return {
      what: `h) server memory ${what}`,
      measured: `${Math.round(measured)} MiB`,
      against: `${goalMiB} MiB`,
      verdict: verdict(measured < goalMiB),
    };
  };
  const idle = await row('idle');
  const launch = {
    ImageId: imageIds[0],
    InstanceType: 't3.micro' as const,
    MinCount: 20,
    MaxCount: 20,
  };
  await clientOf(server).send(new RunInstancesCommand(launch));
  return [idle, await row('with 20 simulated instances')];
}
