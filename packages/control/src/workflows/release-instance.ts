import type {
  Instance,
  InstanceId,
  InstanceVolume,
  MetadataTransaction,
  NetworkInterface,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

export interface EndState {
  readonly state: 'stopped' | 'terminated';
  readonly stateTransitionReason?: string;
  readonly stateReason?: { readonly code: string; readonly message: string };
}

/** Takes back the public address; a NIC keeps its private one as long as it lives. */
function withoutPublicIp(nic: NetworkInterface): NetworkInterface {
  const { publicIp: _, ...rest } = nic;
  return rest;
}

/**
 * Takes back everything that a machine had, and for a terminated instance also its volumes and NIC, then
 * puts its record in its end state. Repeatable; the machine itself must be gone.
 */
export async function releaseInstance(
  context: WorkflowContext,
  instanceId: InstanceId,
  end: EndState,
): Promise<void> {
  const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
  if (!instance) return;
  await context.network.unplug(instance.networkInterfaceId);
  await context.publisher.withdraw(instanceId);
  if (end.state === 'terminated') {
    for (const volume of instance.volumes.filter((each) => each.deleteOnTermination)) {
      await context.volumes.remove(volume.volumeId);
    }
    await context.compute.forget(instanceId);
  }
  await context.metadata.write((tx) => recordEnd(tx, instance.id, end, context.clock.now()));
  await context.policy.apply();
}

async function recordEnd(
  tx: MetadataTransaction,
  instanceId: InstanceId,
  end: EndState,
  now: number,
): Promise<void> {
  const instance = await tx.get('instance', instanceId);
  if (!instance) return;
  const { status: _, ...rest } = instance;
  const nic = await tx.get('networkInterface', instance.networkInterfaceId);
  if (end.state === 'stopped') {
    if (nic) await tx.put('networkInterface', withoutPublicIp(nic));
    await tx.put('instance', { ...rest, ...end });
    return;
  }
  await tx.delete('networkInterface', instance.networkInterfaceId);
  for (const volume of instance.volumes) await releaseVolume(tx, volume);
  const ended: Instance = { ...rest, ...end, volumes: [], terminatedAt: now };
  await tx.put('instance', ended);
}

/** A volume that goes with its instance is forgotten; another one becomes available. */
async function releaseVolume(tx: MetadataTransaction, use: InstanceVolume): Promise<void> {
  if (use.deleteOnTermination) return await tx.delete('volume', use.volumeId);
  const volume = await tx.get('volume', use.volumeId);
  if (!volume) return;
  const { attachment: _, ...rest } = volume;
  await tx.put('volume', { ...rest, state: 'available' });
}
