import { invariant } from '@bakehouse/base';
import type {
  HostId,
  Instance,
  InstanceId,
  MetadataReader,
  MetadataTransaction,
  RegionName,
  Volume,
  VolumeId,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

/** Changes the volume's record, if it still exists. */
export async function changeVolume(
  tx: MetadataTransaction,
  volumeId: VolumeId,
  change: (volume: Volume) => Volume,
): Promise<void> {
  const volume = await tx.get('volume', volumeId);
  if (volume) await tx.put('volume', change(volume));
}

/** Where work on a volume belongs; it has the volume's lane, and perhaps others. */
export async function volumePlace(
  reader: MetadataReader,
  volumeId: VolumeId,
  otherLanes: readonly string[] = [],
): Promise<{ region: RegionName; hostId: HostId; lanes: readonly string[] }> {
  const volume = await reader.get('volume', volumeId);
  invariant(volume, `volume ${volumeId} has a record when work on it begins`);
  const { region, hostId } = volume;
  return { region, hostId, lanes: [...otherLanes, volumeId] };
}

/** The host of a volume, for work on its snapshots: none when the volume no longer exists. */
export async function volumeHost(
  reader: MetadataReader,
  volumeId: VolumeId,
): Promise<{ hostId?: HostId }> {
  const volume = await reader.get('volume', volumeId);
  return volume ? { hostId: volume.hostId } : {};
}

/** Fills those volumes whose records ask for it, once the work that calls this gives up their lanes. */
export async function wakeHydration(
  { metadata, hydrator }: Pick<WorkflowContext, 'metadata' | 'hydrator'>,
  volumeIds: readonly VolumeId[],
): Promise<void> {
  const volumes = await metadata.read((tx) =>
    Promise.all(volumeIds.map((volumeId) => tx.get('volume', volumeId))),
  );
  for (const volume of volumes) {
    if (volume?.initialization?.state === 'initializing') hydrator.wake(volume.id);
  }
}

const without = (instance: Instance, volumeId: VolumeId): Instance => ({
  ...instance,
  volumes: instance.volumes.filter((use) => use.volumeId !== volumeId),
});

/** Ends the attachment in both records. Another attachment, made since, is left alone. */
export async function endAttachment(
  tx: MetadataTransaction,
  { volumeId, instanceId }: { volumeId: VolumeId; instanceId: InstanceId },
): Promise<void> {
  const volume = await tx.get('volume', volumeId);
  if (volume && volume.attachment?.instanceId !== instanceId) return;
  if (volume) {
    const { attachment: _, ...rest } = volume;
    await tx.put('volume', { ...rest, state: 'available' });
  }
  const instance = await tx.get('instance', instanceId);
  if (instance) await tx.put('instance', without(instance, volumeId));
}
