import type { MetadataTransaction } from './metadata-store.ts';

/** The transaction with these writes in place of its own. */
export function withWrites(
  tx: MetadataTransaction,
  writes: Pick<MetadataTransaction, 'put' | 'delete'>,
): MetadataTransaction {
  return {
    get: (kind, id) => tx.get(kind, id),
    getMany: (kind, ids) => tx.getMany(kind, ids),
    list: (kind, query) => tx.list(kind, query),
    page: (kind, query) => tx.page(kind, query),
    count: (kind, query) => tx.count(kind, query),
    ...writes,
  };
}
