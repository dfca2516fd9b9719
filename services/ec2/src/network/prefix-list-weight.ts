import type { MetadataReader } from '@bakehouse/domain';

/** How much a reference to a prefix list counts against a quota: as much as all the entries that the list may have. */
export async function prefixListWeight(
  reader: MetadataReader,
  prefixListId: string,
): Promise<number> {
  return (await reader.get('prefixList', prefixListId))?.maxEntries ?? 1;
}
