import type { MetadataReader, RecordKinds } from '@bakehouse/domain';
import type { OperationContext } from './context.ts';
import type { Filter } from './filters/filter.ts';
import { type FilterIndexes, narrow } from './filters/narrow.ts';
import { allOwnedById, type LookupKind } from './lookups.ts';

export interface CandidateRequest<K extends LookupKind> {
  readonly kind: K;
  readonly ids: readonly string[] | undefined;
  readonly filters: readonly Filter[] | undefined;
  readonly indexes: FilterIndexes<K>;
}

/**
 * The caller's own records of a kind that a Describe operation may answer, in order of id: those named, of
 * which none may be missing, or all that the filters' indexes leave. The filters are still to be applied.
 */
export async function ownedCandidates<K extends LookupKind>(
  reader: MetadataReader,
  context: Pick<OperationContext, 'accountId' | 'region'>,
  { kind, ids, filters, indexes }: CandidateRequest<K>,
): Promise<readonly RecordKinds[K][]> {
  if (ids?.length) {
    const named = await allOwnedById(reader, context, kind, ids);
    return [...named].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  const query = narrow(context.region, filters, indexes);
  // Every kind that can be looked up has an owner; the query's type cannot say so.
  const where = { ...query.where, owner: [context.accountId] } as NonNullable<typeof query.where>;
  return await reader.list(kind, { ...query, where });
}
