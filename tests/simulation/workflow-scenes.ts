import { type FakeWorld, settle } from '@bakehouse/fakes';
import { adminHandlers, firstAccountId } from '@bakehouse/orchestration';
import { attach, launch, type Machine, makeVolume, zone } from './scenes.ts';
import { type PlatformRun, publishImage } from './simulated-platform.ts';

/** A running instance with a second volume attached, and a volume that is free. */
export interface Stage extends Machine {
  readonly attachedId: `vol-${string}`;
  readonly freeId: `vol-${string}`;
  readonly imageId: string;
}

export async function setStage(run: PlatformRun, world: FakeWorld): Promise<Stage> {
  const machine = await launch(run, world);
  const [attachedId, freeId] = [await makeVolume(run), await makeVolume(run)];
  await attach(run, machine.instanceId, attachedId);
  world.volumes.write(machine.rootId, 0, 'root');
  const { source } = await world.builder.bake({ recipe: 'bakehouse-linux' });
  return { ...machine, attachedId, freeId, imageId: (await publishImage(world, source)).id };
}

/** Reading a disk takes a while, so that other work comes meanwhile. */
function slowCaptures(world: FakeWorld): void {
  const capture = world.snapshots.capture.bind(world.snapshots);
  world.snapshots.capture = async (...call) => {
    await world.clock.sleep(3_000);
    return await capture(...call);
  };
}

/** What users, or machines, do. Together the scenes run every step of every workflow. */
export const workflowScenes: Readonly<
  Record<string, (run: PlatformRun, stage: Stage, world: FakeWorld) => Promise<unknown>>
> = {
  launch: (run, { imageId: ImageId }) =>
    run.call('RunInstances', { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }),
  stop: (run, { instanceId }) => run.call('StopInstances', { InstanceIds: [instanceId] }),
  terminate: (run, { instanceId }) => run.call('TerminateInstances', { InstanceIds: [instanceId] }),
  reboot: (run, { instanceId }) => run.call('RebootInstances', { InstanceIds: [instanceId] }),
  'stop and start': async (run, { instanceId }) => {
    await run.call('StopInstances', { InstanceIds: [instanceId] });
    await run.rest();
    await run.call('StartInstances', { InstanceIds: [instanceId] });
  },
  'metadata options': (run, { instanceId }) =>
    run.call('ModifyInstanceMetadataOptions', {
      InstanceId: instanceId,
      HttpPutResponseHopLimit: 3,
    }),
  'create volume': (run) => run.call('CreateVolume', { AvailabilityZone: zone, Size: 1 }),
  'delete volume': (run, { freeId }) => run.call('DeleteVolume', { VolumeId: freeId }),
  'attach volume': (run, { instanceId, freeId }) =>
    run.call('AttachVolume', { InstanceId: instanceId, VolumeId: freeId, Device: '/dev/sdg' }),
  'detach volume': (run, { attachedId }) => run.call('DetachVolume', { VolumeId: attachedId }),
  'modify volume': (run, { attachedId }) =>
    run.call('ModifyVolume', { VolumeId: attachedId, Size: 3 }),
  'create snapshots': (run, { instanceId }) =>
    run.call('CreateSnapshots', { InstanceSpecification: { InstanceId: instanceId } }),
  'snapshot of a volume while another is taken': async (run, { rootId }, world) => {
    slowCaptures(world);
    await run.call('CreateSnapshot', { VolumeId: rootId });
    await run.call('CreateSnapshot', { VolumeId: rootId });
  },
  'delete a snapshot while it is taken': async (run, { rootId }, world) => {
    slowCaptures(world);
    const made = await run.call('CreateSnapshot', { VolumeId: rootId });
    if (made.kind !== 'returned') return;
    await run.call('DeleteSnapshot', { SnapshotId: made.output.SnapshotId ?? '' });
  },
  'create image': (run, { instanceId }) =>
    run.call('CreateImage', { InstanceId: instanceId, Name: 'web' }),
  'stop while a snapshot is taken': async (run, { instanceId, rootId }, world) => {
    slowCaptures(world);
    await run.call('CreateSnapshot', { VolumeId: rootId });
    await run.call('StopInstances', { InstanceIds: [instanceId] });
  },
  bake: async (run) => {
    const scope = { accountId: firstAccountId, region: 'us-east-1' };
    const context = run.plane.adminContext(scope, new AbortController().signal);
    const asked = adminHandlers.BakeStart(context, {}, () => {});
    await Promise.race([asked.catch(() => {}), settle()]);
  },
  'the guest powers itself off': async (_, { instanceId }, world) =>
    world.compute.exit(instanceId, 'guest-shutdown'),
};
