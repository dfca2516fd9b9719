import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateImageCommand,
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, expect, inject, test } from 'vitest';
import { type Machine, openCloud, sshFromHost } from './support/cloud.ts';
import { emptyRegion } from './support/end-platform.ts';
import { login, sh } from './support/guest.ts';
import { killServer } from './support/kill-server.ts';
import { leftovers, prune, verify } from './support/usage.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const cloud = await openCloud(platform, 'soak');
afterAll(async () => {
  await removeEverything();
  await cloud.end();
});

/** Also what was made without an answer: only a listing knows of it. */
async function removeEverything(): Promise<void> {
  const { Images = [] } = await cloud.ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
  for (const { ImageId } of Images) {
    const request = { ImageId, DeleteAssociatedSnapshots: true };
    await cloud.ec2.send(new DeregisterImageCommand(request));
  }
  const mine = new DescribeSnapshotsCommand({ OwnerIds: ['self'] });
  const { Snapshots = [] } = await cloud.ec2.send(mine);
  for (const { SnapshotId } of Snapshots) {
    await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  }
  await emptyRegion(cloud.ec2);
  await prune(platform);
}

const kills = Number(process.env.SOAK_KILLS ?? 10);
/** Up to here the kill falls into the work that was just begun. */
const delayMsMax = 2500;

interface Acknowledged {
  readonly images: Set<string>;
  readonly snapshots: Set<string>;
  readonly instances: Set<string>;
  /** Snapshots whose deletion was acknowledged. */
  readonly deleted: Set<string>;
  /** Refusals that nothing explains. */
  readonly refusals: Error[];
}

/** Writes to its disk without pause and notes what the disk says; a new number is on disk before the next. */
const writer = `
cat > writer.sh <<'END'
n=0
while :; do
  n=$((n + 1))
  echo $n > number.new && sync number.new && mv number.new number || echo "failed at $n" >> failures
done
END
nohup sh writer.sh > /dev/null 2>&1 &
`;

type Act = (machine: Machine, acknowledged: Acknowledged) => Promise<void>;

const rootVolume = async ({ instanceId }: Machine) =>
  (await cloud.describe(instanceId)).BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? '';

const acts: readonly Act[] = [
  async (machine, acknowledged) => {
    const request = new CreateSnapshotCommand({ VolumeId: await rootVolume(machine) });
    const { SnapshotId = '' } = await cloud.ec2.send(request);
    acknowledged.snapshots.add(SnapshotId);
  },
  async ({ instanceId }, acknowledged) => {
    const Name = `soak-${Date.now()}`;
    const request = { InstanceId: instanceId, Name, NoReboot: true };
    const { ImageId = '' } = await cloud.ec2.send(new CreateImageCommand(request));
    acknowledged.images.add(ImageId);
  },
  async (_, acknowledged) => {
    const [SnapshotId] = acknowledged.snapshots;
    if (!SnapshotId) return;
    acknowledged.snapshots.delete(SnapshotId);
    await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    acknowledged.deleted.add(SnapshotId);
  },
  async () => prune(platform),
  async (_, acknowledged) => {
    const request = { ImageId: platform.imageId, InstanceType: 't3.nano' as const };
    const launch = new RunInstancesCommand({ ...request, MinCount: 1, MaxCount: 1 });
    const { Instances = [] } = await cloud.ec2.send(launch);
    for (const { InstanceId = '' } of Instances) acknowledged.instances.add(InstanceId);
  },
];

/**
 * The connection may break, that is the point; a client that tries again with the next server may then hear
 * that its call had been heeded already.
 */
function isExplained(error: Error): boolean {
  const heeded = ['InvalidSnapshot.NotFound', 'InvalidAMIName.Duplicate'];
  return !('$fault' in error) || heeded.includes(error.name);
}

/**
 * Begins something and kills the server at a random moment of it, every other time after the answer, when the
 * work behind it is under way; waits for the next server.
 */
async function killDuring(
  act: Act,
  machine: Machine,
  acknowledged: Acknowledged,
  isAwaited: boolean,
) {
  const done = act(machine, acknowledged).catch((error: Error) => {
    if (!isExplained(error)) acknowledged.refusals.push(error);
  });
  if (isAwaited) await done;
  await sleep(Math.random() * delayMsMax);
  await killServer(platform);
  await done;
}

async function imageStates(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
  if (ids.length === 0) return [];
  const request = new DescribeImagesCommand({ ImageIds: [...ids] });
  const { Images = [] } = await cloud.ec2.send(request);
  return Images.map((image) => image.State);
}

async function instanceStates(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
  return await Promise.all(ids.map(async (id) => (await cloud.describe(id)).State?.Name));
}

/** A snapshot that was pending when its deletion was acknowledged is removed when it completes. */
async function stillThere(deleted: ReadonlySet<string>): Promise<number> {
  const mine = new DescribeSnapshotsCommand({ OwnerIds: ['self'] });
  const { Snapshots = [] } = await cloud.ec2.send(mine);
  return Snapshots.filter(({ SnapshotId = '' }) => deleted.has(SnapshotId)).length;
}

async function snapshotStates(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
  if (ids.length === 0) return [];
  const request = new DescribeSnapshotsCommand({ SnapshotIds: [...ids] });
  const { Snapshots = [] } = await cloud.ec2.send(request);
  return Snapshots.map((snapshot) => snapshot.State);
}

/** Everything acknowledged exists (Describe refuses an id that does not) and is complete, or is deleted. */
async function isComplete(acknowledged: Acknowledged): Promise<boolean> {
  const images = await imageStates([...acknowledged.images]);
  const snapshots = await snapshotStates([...acknowledged.snapshots]);
  const instances = await instanceStates([...acknowledged.instances]);
  return (
    (await stillThere(acknowledged.deleted)) === 0 &&
    instances.every((state) => state === 'running') &&
    images.every((state) => state === 'available') &&
    snapshots.every((state) => state === 'completed')
  );
}

test(`${kills} kill -9 of the server lose nothing, and the guest does not notice`, async () => {
  const group = await cloud.group('ssh', sshFromHost);
  const machine = await login(await cloud.launch({ SecurityGroupIds: [group] }));
  const bootId = await sh(machine, 'cat /proc/sys/kernel/random/boot_id');
  await sh(machine, writer);
  const acknowledged: Acknowledged = {
    images: new Set(),
    snapshots: new Set(),
    instances: new Set(),
    deleted: new Set(),
    refusals: [],
  };
  let numberBefore = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const act = acts[kill % acts.length];
    if (act) await killDuring(act, machine, acknowledged, kill % 2 === 0);
    const number = Number(await sh(machine, 'cat number'));
    expect(number).toBeGreaterThan(numberBefore);
    numberBefore = number;
  }
  await until('everything acknowledged is complete', () => isComplete(acknowledged), {
    limitMs: 300_000,
  });
  expect(acknowledged.refusals).toEqual([]);
  expect(Math.min(acknowledged.images.size, acknowledged.instances.size)).toBeGreaterThan(0);
  expect(acknowledged.snapshots.size + acknowledged.deleted.size).toBeGreaterThan(0);
  expect(await sh(machine, 'cat /proc/sys/kernel/random/boot_id')).toBe(bootId);
  expect(await sh(machine, 'cat failures 2>/dev/null || true')).toBe('');
  await prune(platform);
  expect((await verify(platform)).problems).toEqual([]);
  expect(await leftovers(platform)).toEqual([]);
  process.stdout.write(
    `kill soak: ${kills} kills, ${acknowledged.images.size} images, ${acknowledged.snapshots.size} snapshots and ${acknowledged.instances.size} instances acknowledged, guest wrote ${numberBefore} numbers\n`,
  );
});
