import {
  type ListQuery,
  queryPredicate,
  type RecordKind,
  type RecordKinds,
} from '@bakehouse/domain';
import type { ChangeSet } from './change-set.ts';
import type { RecordSource } from './committed-records.ts';
import { sortedById } from './kind-cache.ts';

/** The committed state as it will be with these changes. */
export class OverlaidRecords implements RecordSource {
  readonly #committed: RecordSource;
  readonly #changes: ChangeSet;

  constructor(committed: RecordSource, changes: ChangeSet) {
    this.#committed = committed;
    this.#changes = changes;
  }

  get<K extends RecordKind>(kind: K, id: string): RecordKinds[K] | undefined {
    const change = this.#changes.of(kind).get(id);
    if (change) return change.what === 'put' ? change.record : undefined;
    return this.#changes.isCleared(kind) ? undefined : this.#committed.get(kind, id);
  }

  list<K extends RecordKind>(kind: K, query: ListQuery<K>): readonly RecordKinds[K][] {
    const changes = this.#changes.of(kind);
    const committed = this.#changes.isCleared(kind) ? [] : this.#committed.list(kind, query);
    if (changes.size === 0) return committed;
    const matches = queryPredicate(kind, query);
    const unchanged = committed.filter((record) => !changes.has(record.id));
    const changed = [...changes.values()].flatMap((c) => (c.what === 'put' ? [c.record] : []));
    return sortedById([...unchanged, ...changed.filter(matches)]);
  }
}
