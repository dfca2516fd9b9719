import type {
  Instance,
  InstanceId,
  MetadataTransaction,
  Volume,
  VolumeId,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

/** Changes the volume's record in a transaction of its own; a record that is gone stays gone. */
export async function changeVolume(
  context: Pick<WorkflowContext, 'metadata'>,
  volumeId: VolumeId,
  change: (volume: Volume) => Volume,
): Promise<void> {
  await context.metadata.write(async (tx) => {
    const volume = await tx.get('volume', volumeId);
    if (volume) await tx.put('volume', change(volume));
  });
}

/** Begins to fill those volumes whose records ask for it, now that their disks are there. */
export async function wakeHydration(
  { metadata, hydrator }: Pick<WorkflowContext, 'metadata' | 'hydrator'>,
  volumeIds: readonly VolumeId[],
): Promise<void> {
  for (const volumeId of volumeIds) {
    const volume = await metadata.read((tx) => tx.get('volume', volumeId));
    if (volume?.initialization?.state === 'initializing') hydrator.wake(volumeId);
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
