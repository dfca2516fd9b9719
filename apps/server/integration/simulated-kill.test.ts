import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeSnapshotsCommand,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import { expect, onTestFinished, test } from 'vitest';
import { type ServerProcess, sdkClient, serveFolder, startSimulated } from './server-process.ts';

/** Each of them has its lane of work, so captures run side by side and a kill meets them at different steps. */
const volumeCount = 8;
const snapshotsBeforeKill = 40;
const kills = 2;

async function createVolumes(server: ServerProcess): Promise<readonly string[]> {
  const ec2 = await sdkClient(server);
  const volume = { AvailabilityZone: 'us-east-1a', Size: 1 };
  const made = Array.from({ length: volumeCount }, () => ec2.send(new CreateVolumeCommand(volume)));
  return (await Promise.all(made)).flatMap(({ VolumeId }) => VolumeId ?? []);
}

/** Takes snapshots of all the volumes, one after the other of each, and kills the server meanwhile. */
async function killWhileTaking(
  server: ServerProcess,
  volumes: readonly string[],
): Promise<readonly string[]> {
  const ec2 = await sdkClient(server);
  const acknowledged: string[] = [];
  let isKilled = false;
  const takeOf = async (VolumeId: string) => {
    while (!isKilled) {
      const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
      acknowledged.push(SnapshotId);
      if (acknowledged.length < snapshotsBeforeKill || isKilled) continue;
      isKilled = true;
      await server.kill();
    }
  };
  // What was under way fails with the server.
  await Promise.allSettled(volumes.map(takeOf));
  return acknowledged;
}

async function snapshotsOf(server: ServerProcess): Promise<readonly Snapshot[]> {
  const { Snapshots = [] } = await (await sdkClient(server)).send(
    new DescribeSnapshotsCommand({ OwnerIds: ['self'] }),
  );
  return Snapshots;
}

test('kill -9 of a simulated server fails no snapshot that was acknowledged', async () => {
  let server = await startSimulated();
  onTestFinished(() => server.stop());
  const volumes = await createVolumes(server);
  const acknowledged: string[] = [];
  for (let round = 0; round < kills; round += 1) {
    acknowledged.push(...(await killWhileTaking(server, volumes)));
    server = await serveFolder(server.data);
  }
  const states = async () => new Set((await snapshotsOf(server)).map(({ State }) => State));
  await expect.poll(states, { timeout: 30_000 }).not.toContain('pending');
  const completed = (await snapshotsOf(server)).filter(({ State }) => State === 'completed');
  expect(completed.map(({ SnapshotId }) => SnapshotId)).toEqual(
    expect.arrayContaining(acknowledged),
  );
});
