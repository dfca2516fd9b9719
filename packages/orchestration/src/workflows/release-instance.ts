import {
  deleteInterface,
  detached,
  type Instance,
  type InstanceId,
  type InstanceVolume,
  interfacesOf,
  lacksInstant,
  type MetadataTransaction,
  withoutPublicIp,
} from '@bakehouse/domain';
import type { Commit } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { failureCodes } from './failures.ts';
import { enqueuePrune } from './prune-blocks.ts';
import { type StateReason, stateReasonOf } from './state-reason.ts';

interface EndState {
  readonly state: 'stopped' | 'terminated';
  readonly stateTransitionReason?: string;
  readonly stateReason?: StateReason;
}

export interface Release {
  readonly instanceId: InstanceId;
  readonly end: EndState;
  /** True when a launch has failed: its volumes were made for it and hold nothing, so all of them are deleted. */
  readonly failedLaunch?: boolean;
}

/** The volumes that are deleted with the instance; the others become available. */
function deletedVolumes({ volumes }: Instance, { end, failedLaunch }: Release) {
  if (end.state !== 'terminated') return [];
  return volumes.filter((each) => failedLaunch || each.deleteOnTermination);
}

/** A fork that has not got its disks cannot rest, as there is nothing that it could boot: it ends, and says why. */
function releaseOf(instance: Instance, release: Release): Release {
  if (!lacksInstant(instance)) return release;
  const { end } = release;
  if (end.state === 'terminated') return { ...release, failedLaunch: true };
  const message = `it was stopped before it had the memory and the disks of ${instance.forkedFrom?.instanceId}`;
  const stateReason = stateReasonOf({ code: failureCodes.notForked, message });
  return { ...release, end: { ...end, state: 'terminated', stateReason }, failedLaunch: true };
}

/**
 * Takes back everything that a machine had, and for a terminated instance also its volumes and interfaces. Repeatable; the
 * machine itself must have ended. The commit puts the record in its end state; the network policy has to be applied
 * after it.
 */
export async function releaseInstance(
  context: WorkflowContext,
  asked: Release,
): Promise<Commit | undefined> {
  const { instanceId } = asked;
  const instance = await context.metadata.read((tx) => tx.get('instance', instanceId));
  if (!instance) return undefined;
  const release = releaseOf(instance, asked);
  const { end } = release;
  const nics = await context.metadata.read((tx) => interfacesOf(tx, instanceId));
  for (const { id } of nics) await context.network.unplug(id);
  await context.publisher.withdraw(instanceId);
  const deleted = deletedVolumes(instance, release);
  for (const { volumeId } of deleted) await context.volumes.remove(volumeId);
  if (end.state === 'terminated') await context.compute.forget(instanceId);
  const now = context.clock.now();
  return async (tx) => {
    await recordEnd(tx, release, now);
    // The volumes may have been the last to hold their maps.
    if (deleted.length > 0) await enqueuePrune(tx);
  };
}

/** What has been decided since takes precedence: nothing that has ended comes back, and what is to end does not rest. */
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
    // Private addresses stay as long as the interfaces, and elastic ones with them.
    for (const nic of await interfacesOf(tx, instanceId)) {
      await tx.put('networkInterface', withoutPublicIp(nic));
    }
    await tx.put('instance', { ...rest, ...end });
    return;
  }
  await releaseInterfaces(tx, instanceId);
  const deleted = new Set(deletedVolumes(instance, release));
  for (const volume of instance.volumes) {
    if (deleted.has(volume)) await tx.delete('volume', volume.volumeId);
    else await releaseVolume(tx, volume);
  }
  const ended: Instance = { ...rest, ...end, volumes: [], ephemeralDisks: [], terminatedAt: now };
  await tx.put('instance', ended);
}

/** Interfaces are deleted with their instance unless they are to be kept. */
async function releaseInterfaces(tx: MetadataTransaction, instanceId: InstanceId): Promise<void> {
  for (const nic of await interfacesOf(tx, instanceId)) {
    if (nic.attachment?.deleteOnTermination) await deleteInterface(tx, nic.id);
    else await tx.put('networkInterface', detached(nic));
  }
}

async function releaseVolume(tx: MetadataTransaction, use: InstanceVolume): Promise<void> {
  const volume = await tx.get('volume', use.volumeId);
  if (!volume) return;
  const { attachment: _, ...rest } = volume;
  await tx.put('volume', { ...rest, state: 'available' });
}
