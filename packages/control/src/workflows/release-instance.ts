import type {
  Instance,
  InstanceId,
  InstanceVolume,
  MetadataTransaction,
  NetworkInterface,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { enqueuePrune } from './prune-blocks.ts';

export interface EndState {
  readonly state: 'stopped' | 'terminated';
  readonly stateTransitionReason?: string;
  readonly stateReason?: { readonly code: string; readonly message: string };
}

export interface Release {
  readonly instanceId: InstanceId;
  readonly end: EndState;
  /** True when a launch has failed: its volumes were made for it and hold nothing, so all of them go. */
  readonly failedLaunch?: boolean;
}

/** Takes back the public address; a NIC keeps its private one as long as it lives. */
function withoutPublicIp(nic: NetworkInterface): NetworkInterface {
  const { publicIp: _, ...rest } = nic;
  return rest;
}

/** The volumes that go, with their disks, when this ends; the others become available. */
function doomedVolumes({ volumes }: Instance, { end, failedLaunch }: Release) {
  if (end.state !== 'terminated') return [];
  return volumes.filter((each) => failedLaunch || each.deleteOnTermination);
}

/**
 * Takes back everything that a machine had, and for a terminated instance also its volumes and NIC, then
 * puts its record in its end state. Repeatable; the machine itself must be gone.
 */
export async function releaseInstance(context: WorkflowContext, release: Release): Promise<void> {
  const { instanceId, end } = release;
  const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
  if (!instance) return;
  await context.network.unplug(instance.networkInterfaceId);
  await context.publisher.withdraw(instanceId);
  const doomed = doomedVolumes(instance, release);
  for (const { volumeId } of doomed) await context.volumes.remove(volumeId);
  if (end.state === 'terminated') await context.compute.forget(instanceId);
  await context.engine.write(async (tx) => {
    await recordEnd(tx, release, context.clock.now());
    // The volumes may have been the last to hold their maps.
    if (doomed.length > 0) await enqueuePrune(tx, instance.region);
  });
  await context.policy.apply();
}

/** What has been decided since stands: nothing that has ended comes back, and what is to end does not rest. */
const outranked: Record<EndState['state'], readonly string[]> = {
  stopped: ['terminated', 'shutting-down'],
  terminated: ['terminated'],
};

async function recordEnd(tx: MetadataTransaction, release: Release, now: number): Promise<void> {
  const { end, instanceId } = release;
  const instance = await tx.get('instance', instanceId);
  if (!instance || outranked[end.state].includes(instance.state)) return;
  const { status: _, ...rest } = instance;
  if (end.state === 'stopped') {
    const nic = await tx.get('networkInterface', instance.networkInterfaceId);
    if (nic) await tx.put('networkInterface', withoutPublicIp(nic));
    await tx.put('instance', { ...rest, ...end });
    return;
  }
  await releaseNic(tx, instance);
  const doomed = new Set(doomedVolumes(instance, release));
  for (const volume of instance.volumes) {
    if (doomed.has(volume)) await tx.delete('volume', volume.volumeId);
    else await releaseVolume(tx, volume);
  }
  const ended: Instance = { ...rest, ...end, volumes: [], ephemeralDisks: [], terminatedAt: now };
  await tx.put('instance', ended);
}

/** A NIC goes with its instance unless it was to be kept. */
async function releaseNic(tx: MetadataTransaction, instance: Instance): Promise<void> {
  const nic = await tx.get('networkInterface', instance.networkInterfaceId);
  if (nic?.attachment?.instanceId !== instance.id) return;
  if (nic.attachment.deleteOnTermination) return await tx.delete('networkInterface', nic.id);
  const { attachment: _, ...rest } = withoutPublicIp(nic);
  await tx.put('networkInterface', { ...rest, status: 'available' });
}

async function releaseVolume(tx: MetadataTransaction, use: InstanceVolume): Promise<void> {
  const volume = await tx.get('volume', use.volumeId);
  if (!volume) return;
  const { attachment: _, ...rest } = volume;
  await tx.put('volume', { ...rest, state: 'available' });
}
