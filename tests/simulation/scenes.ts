import type { ImageId, InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';
import type { BlockWords, FakeWorld } from '@bakehouse/fakes';
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
