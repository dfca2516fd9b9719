import type { MetadataReader, RecordKind, RecordKinds } from '@bakehouse/domain';

/** The records of these ids that exist, by id: one look-up for all of them. */
export async function readById<K extends RecordKind>(
  reader: MetadataReader,
  kind: K,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RecordKinds[K]>> {
  const distinct = [...new Set(ids)];
  const found = await reader.getMany(kind, distinct);
  return new Map(
    distinct.flatMap((id, index) => {
      const record = found[index];
      return record ? [[id, record]] : [];
    }),
  );
}
