import type { RecordKind, RecordKinds, RecordQuery } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { Filter } from '../filters/filter.ts';
import { type FilterIndexes, narrow } from '../filters/narrow.ts';
import type { StepsRequest } from '../request/paging.ts';
import { allOwnedById, type LookupKind } from './lookups.ts';
import { type ItemReader, recordSteps } from './record-steps.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

export type OwnedSteps<K extends LookupKind, Item> = ItemReader<K, Item> & {
  readonly kind: K;
  /** Those to show; all when there are none. None of them may be missing. */
  readonly ids: readonly string[] | undefined;
  readonly filters?: readonly Filter[] | undefined;
  readonly indexes?: FilterIndexes<K>;
  /** Refuses records that were named. */
  readonly checkNamed?: (named: readonly RecordKinds[K][]) => void;
};

/** Reads the caller's own records of a kind that a Describe may show. The filters are still to be applied. */
export function ownedSteps<K extends LookupKind, Item>(
  context: Scope & Pick<OperationContext, 'read'>,
  { kind, ids, filters, indexes, checkNamed, ...itemReader }: OwnedSteps<K, Item>,
): StepsRequest<Item>['read'] {
  return recordSteps(context, {
    ...itemReader,
    kind,
    async candidates(reader) {
      if (!ids?.length) return { queries: [ownQuery(context, narrow(filters, indexes ?? {}))] };
      const named = await allOwnedById(reader, context, kind, ids);
      checkNamed?.(named);
      return { named: [...named].sort((a, b) => (a.id < b.id ? -1 : 1)) };
    },
  });
}

/** A query for the caller's own records of its region; for kinds whose records have an owner. */
export function ownQuery<K extends RecordKind>(
  { accountId, region }: Scope,
  query: RecordQuery<K>,
): RecordQuery<K> {
  // The query's type cannot say that the kind has this index.
  const where = { ...query.where, owner: [accountId] } as NonNullable<RecordQuery<K>['where']>;
  return { ...query, region, where };
}
