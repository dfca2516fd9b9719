import type { MetadataReader } from '../ports/metadata-store.ts';
import type { Image } from '../records/image.ts';
import type { Snapshot } from '../records/snapshot.ts';

/**
 * An image of the snapshot's owner that uses it. Images of other accounts (which may use it for a data volume) do
 * not count: they could keep the owner from ever deleting it.
 */
export async function imageUsing(
  reader: MetadataReader,
  { id, ownerId }: Pick<Snapshot, 'id' | 'ownerId'>,
): Promise<Image | undefined> {
  const images = await reader.list('image', { where: { snapshot: [id] } });
  return images.find((image) => image.ownerId === ownerId);
}
