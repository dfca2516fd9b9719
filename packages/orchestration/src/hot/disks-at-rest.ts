import type { MetadataReader, Volume, VolumeId } from '@bakehouse/domain';

async function isAtRest(reader: MetadataReader, volume: Volume | undefined): Promise<boolean> {
  // Without a record it is a leftover, which no machine gets.
  if (!volume || volume.state === 'available' || volume.state === 'error') return true;
  if (volume.state !== 'in-use' || !volume.attachment) return false;
  const instance = await reader.get('instance', volume.attachment.instanceId);
  return instance?.state === 'stopped';
}

/**
 * Which of these volumes no machine has or is about to open. A record says that a machine gets a disk before the disk is
 * opened, so that what is at rest here can only be opened by what looks at the disk later.
 */
export async function disksAtRest(
  reader: MetadataReader,
  volumeIds: readonly VolumeId[],
): Promise<ReadonlySet<VolumeId>> {
  const resting = new Set<VolumeId>();
  for (const volumeId of volumeIds) {
    if (await isAtRest(reader, await reader.get('volume', volumeId))) resting.add(volumeId);
  }
  return resting;
}
