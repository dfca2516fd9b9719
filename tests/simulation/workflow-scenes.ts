import type { FakeWorld } from '@bakehouse/fakes';
import { adminHandlers } from '@bakehouse/orchestration';
import {
  asOperator,
  attach,
  beginForks,
  launch,
  type Machine,
  makeVolume,
  outputOf,
  zone,
} from './scenes.ts';
import { type PlatformRun, publishImage } from './simulated-platform.ts';

/** A running instance with a second volume attached, and a volume, an interface and an address that are free. */
export interface Stage extends Machine {
  readonly attachedId: `vol-${string}`;
  readonly freeId: `vol-${string}`;
  readonly subnetId: string;
  readonly nicId: string;
  readonly allocationId: string;
  readonly imageId: string;
}

export async function setStage(run: PlatformRun, world: FakeWorld): Promise<Stage> {
  const machine = await launch(run, world);
  const [attachedId, freeId] = [await makeVolume(run), await makeVolume(run)];
  await attach(run, machine.instanceId, attachedId);
  world.volumes.write(machine.rootId, 0, 'root');
  const { source } = await world.builder.bake({ recipe: 'bakehouse-linux' });
  const network = await makeNetworkParts(run, world, machine);
  const { id: imageId } = await publishImage(world, source);
  return { ...machine, ...network, attachedId, freeId, imageId };
}

async function makeNetworkParts(run: PlatformRun, world: FakeWorld, { instanceId }: Machine) {
  const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
  const subnetId = instance?.subnetId ?? '';
  const nic = outputOf(await run.call('CreateNetworkInterface', { SubnetId: subnetId }));
  const address = outputOf(await run.call('AllocateAddress', {}));
  return {
    subnetId,
    nicId: nic.NetworkInterface?.NetworkInterfaceId ?? '',
    allocationId: address.AllocationId ?? '',
  };
}

const attachSecond = (run: PlatformRun, { instanceId, nicId }: Stage) =>
  run.call('AttachNetworkInterface', {
    InstanceId: instanceId,
    NetworkInterfaceId: nicId,
    DeviceIndex: 1,
  });

const makeGateway = (run: PlatformRun, { subnetId, allocationId }: Stage) =>
  run.call('CreateNatGateway', { SubnetId: subnetId, AllocationId: allocationId });

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
  'attach interface': attachSecond,
  'detach interface': async (run, stage) => {
    const attached = await attachSecond(run, stage);
    await run.rest();
    if (attached.kind !== 'returned') return;
    const AttachmentId = attached.output.AttachmentId ?? '';
    await run.call('DetachNetworkInterface', { AttachmentId });
  },
  'terminate with two interfaces': async (run, stage) => {
    await run.call('AssociateAddress', {
      NetworkInterfaceId: stage.nicId,
      AllocationId: stage.allocationId,
    });
    await attachSecond(run, stage);
    await run.call('TerminateInstances', { InstanceIds: [stage.instanceId] });
  },
  'create NAT gateway': makeGateway,
  'delete NAT gateway': async (run, stage) => {
    const made = await makeGateway(run, stage);
    await run.rest();
    if (made.kind !== 'returned') return;
    const NatGatewayId = made.output.NatGateway?.NatGatewayId ?? '';
    await run.call('DeleteNatGateway', { NatGatewayId });
  },
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
  'fast launch of an image, a launch by it, and its end': async (run, { imageId: ImageId }) => {
    await run.call('EnableFastLaunch', { ImageId });
    await run.rest();
    await run.call('RunInstances', { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 });
    await run.call('DisableFastLaunch', { ImageId });
  },
  bake: (run) => asOperator(run, (context) => adminHandlers.BakeStart(context, {}, () => {})),
  'forks of an instance': (run, { instanceId }, world) => {
    world.memoryCopyMs = 3_000;
    return beginForks(run, instanceId);
  },
  'the guest powers itself off': async (_, { instanceId }, world) =>
    world.compute.exit(instanceId, 'guest-shutdown'),
};
