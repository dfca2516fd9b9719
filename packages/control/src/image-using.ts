import type { Image, MetadataReader, Snapshot } from '@bakehouse/domain';

/**
 * An image of the snapshot's owner that starts from it. Images of others (who may use it, for a data volume)
 * do not hold it: they could keep the owner from deleting it for ever.
 */
export async function imageUsing(
  reader: MetadataReader,
  { id, ownerId }: Pick<Snapshot, 'id' | 'ownerId'>,
): Promise<Image | undefined> {
  const images = await reader.list('image', { where: { snapshot: [id] } });
  return images.find((image) => image.ownerId === ownerId);
}
