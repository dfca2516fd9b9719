import { rm } from 'node:fs/promises';
import {
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  type EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { silentLogger, systemClock } from '@bakehouse/base';
import { createLinuxNetwork } from '@bakehouse/network';
import { hostNames, leftoversOf, processesOf } from './leftovers.ts';
import type { ServerProcess } from './server-process.ts';
import { until } from './wait.ts';

const isEnded = (state: string | undefined) => state === 'terminated';

async function livingInstances(ec2: EC2Client): Promise<readonly string[]> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => !isEnded(State?.Name))
    .flatMap(({ InstanceId }) => InstanceId ?? []);
}

/** What tests that failed have left: their instances and loose volumes go the way a user's would. */
export async function emptyRegion(ec2: EC2Client): Promise<void> {
  const InstanceIds = [...(await livingInstances(ec2))];
  if (InstanceIds.length > 0) await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  await until('all instances terminated', async () => (await livingInstances(ec2)).length === 0, {
    limitMs: 300_000,
  });
  await until('all volumes deleted', async () => {
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    const loose = Volumes.filter(({ State }) => State === 'available' || State === 'error');
    for (const { VolumeId } of loose) await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    return Volumes.length === 0;
  });
}

const isHelper = (argv: string) => /block-server\.ts|agent-main\.ts/.test(argv);

async function endHelpers(folders: readonly string[]): Promise<void> {
  for (const { pid, argv } of await processesOf(folders)) {
    if (isHelper(argv)) process.kill(pid, 'SIGTERM');
  }
  const remaining = async () => (await processesOf(folders)).filter(({ argv }) => isHelper(argv));
  await until('helper processes ended', async () => (await remaining()).length === 0, {
    limitMs: 30_000,
  });
}

async function removeNetwork(dataDirectory: string, publicCidr: string): Promise<void> {
  const network = createLinuxNetwork({
    name: hostNames(dataDirectory).network,
    directory: `${dataDirectory}/network`,
    publicCidr,
    outbound: true,
    logger: silentLogger,
    clock: systemClock,
  });
  await network.destroy();
}

/** So that a failed run does not hold memory and addresses of the next. */
async function endByForce(folders: readonly string[]): Promise<void> {
  for (const { pid } of await processesOf(folders)) process.kill(pid, 'SIGKILL');
}

/**
 * Ends a platform for good: instances through the API, then server, helpers and network. Throws when anything of it
 * is left on the host after that, or was left by the instances.
 */
export async function endPlatform(
  ec2: EC2Client,
  server: ServerProcess,
  { dataDirectory, publicCidr }: { dataDirectory: string; publicCidr: string },
): Promise<void> {
  const { runtimeDirectories } = hostNames(dataDirectory);
  const folders = [dataDirectory, ...runtimeDirectories];
  const problems: unknown[] = [];
  const attempt = async (work: () => Promise<void>) => {
    await work().catch((error: unknown) => problems.push(error));
  };
  await attempt(() => emptyRegion(ec2));
  await attempt(() => server.stop());
  await attempt(() => endHelpers(folders));
  await attempt(() => removeNetwork(dataDirectory, publicCidr));
  const left = await leftoversOf(dataDirectory);
  if (left.length > 0) problems.push(new Error(`left on the host:\n  ${left.join('\n  ')}`));
  await endByForce(folders);
  for (const path of runtimeDirectories) await rm(path, { recursive: true, force: true });
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('\n'));
}
