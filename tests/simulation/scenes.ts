import type { ImageId, InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';
import { type BlockWords, type FakeWorld, settle } from '@bakehouse/fakes';
import { type AdminContext, adminHandlers, firstAccountId } from '@bakehouse/orchestration';
import { type Heard, type PlatformRun, publishImage } from './simulated-platform.ts';

export const zone = 'us-east-1a';

/** The answer of a call that must not be refused. */
export function outputOf<Output>(heard: Heard<Output>): Output {
  if (heard.kind === 'returned') return heard.output;
  throw new Error(heard.kind === 'died' ? 'the platform died' : `refused: ${heard.code}`);
}

export interface Machine {
  readonly instanceId: InstanceId;
  readonly rootId: VolumeId;
}

/** A running instance of a baked image. */
export async function launch(run: PlatformRun, world: FakeWorld): Promise<Machine> {
  const disk = await world.builder.bake({ recipe: 'bakehouse-linux' });
  const image = await publishImage(world, disk.source);
  const request = {
    ImageId: image.id,
    InstanceType: 't3.micro' as const,
    MinCount: 1,
    MaxCount: 1,
    Placement: { AvailabilityZone: zone },
  };
  const made = outputOf(await run.call('RunInstances', request));
  await run.rest();
  const instanceId = made.Instances?.[0]?.InstanceId as InstanceId;
  const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
  return { instanceId, rootId: instance?.volumes[0]?.volumeId as VolumeId };
}

/** A new volume, empty or from a snapshot. */
export async function makeVolume(run: PlatformRun, from?: SnapshotId): Promise<VolumeId> {
  const what = from ? { SnapshotId: from } : { Size: 1 };
  const made = outputOf(await run.call('CreateVolume', { AvailabilityZone: zone, ...what }));
  await run.rest();
  return made.VolumeId as VolumeId;
}

export async function attach(
  run: PlatformRun,
  instanceId: InstanceId,
  volumeId: VolumeId,
): Promise<void> {
  const request = { InstanceId: instanceId, VolumeId: volumeId, Device: '/dev/sdf' };
  outputOf(await run.call('AttachVolume', request));
  await run.rest();
}

/** Resolves when the snapshot's instant is fixed; the capture goes on. */
export async function snapshotOf(run: PlatformRun, volumeId: VolumeId): Promise<SnapshotId> {
  const made = outputOf(await run.call('CreateSnapshot', { VolumeId: volumeId }));
  return made.SnapshotId as SnapshotId;
}

/** What a volume made of the snapshot reads, once it is complete. */
export async function contentOf(
  run: PlatformRun,
  world: FakeWorld,
  snapshotId: SnapshotId,
): Promise<BlockWords> {
  await run.rest();
  return world.volumes.contents(await makeVolume(run, snapshotId));
}

export async function imageRecord(world: FakeWorld, imageId: ImageId) {
  return await world.metadata.read((tx) => tx.get('image', imageId));
}

export async function imagesOfUser(world: FakeWorld) {
  const images = await world.metadata.read((tx) => tx.list('image'));
  return images.filter((image) => image.name !== 'base');
}

/** One of the operator's calls, which may take longer than the scene. */
export async function asOperator(
  run: PlatformRun,
  call: (context: AdminContext) => Promise<unknown>,
): Promise<void> {
  const scope = { accountId: firstAccountId, region: 'us-east-1' };
  const asked = call(run.plane.adminContext(scope, new AbortController().signal));
  await Promise.race([asked.catch(() => {}), settle()]);
}

/** Asks for two forks, and resolves when that is under way. */
export const beginForks = (run: PlatformRun, instanceId: InstanceId): Promise<void> =>
  asOperator(run, (context) =>
    adminHandlers.InstanceFork(context, { instanceId, count: 2 }, () => {}),
  );

interface Held {
  /** Lets the held calls go on. */
  release(): void;
}

/** Calls of this member wait until they are let go. */
export function hold<Port extends object>(port: Port, member: keyof Port): Held {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = port[member];
  if (typeof held !== 'function') throw new Error(`${String(member)} is no call`);
  const call = held.bind(port);
  Object.assign(port, {
    [member]: async (...args: unknown[]) => {
      await promise;
      return await call(...args);
    },
  });
  return { release: resolve };
}
