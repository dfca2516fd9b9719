import type { MetadataReader, Volume, VolumeId } from '@bakehouse/domain';

/** The disks of guests of which templates are made: no volume's record has them. */
async function readTemplateDisks(reader: MetadataReader): Promise<ReadonlySet<VolumeId>> {
  const making = await reader.list('fastLaunch', { where: { state: ['enabling', 'disabling'] } });
  return new Set(making.map(({ template }) => template.volumeId));
}

async function isAtRest(reader: MetadataReader, volume: Volume): Promise<boolean> {
  if (volume.state === 'available' || volume.state === 'error') return true;
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
  const templateDisks = await readTemplateDisks(reader);
  const resting = new Set<VolumeId>();
  for (const volumeId of volumeIds) {
    if (templateDisks.has(volumeId)) continue;
    const volume = await reader.get('volume', volumeId);
    // Without a record it is a leftover, which no machine gets.
    if (!volume || (await isAtRest(reader, volume))) resting.add(volumeId);
  }
  return resting;
}
