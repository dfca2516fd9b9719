import {
  type MetadataStore,
  type MetadataTransaction,
  type RecordKind,
  type RecordKinds,
  withWrites,
} from '@bakehouse/domain';

/** What of a kind's changes is wanted. `before` of a `put` costs a read, that of a deletion is always read. */
export type WantedChange = 'nothing' | 'after' | 'both';

/** A committed change of one record. `after` is absent when it was deleted; `before` when it is new or not wanted. */
export interface RecordChange<K extends RecordKind = RecordKind> {
  readonly kind: K;
  readonly id: string;
  readonly before?: RecordKinds[K];
  readonly after?: RecordKinds[K];
}

export interface StoreObserver {
  wanted(kind: RecordKind): WantedChange;
  /** Called after each commit, in order, with what it changed. */
  onCommit(changes: readonly RecordChange[]): void;
  /** The store was emptied. */
  onReset(): void;
}

/**
 * By record: several changes of one in a transaction are one. Where only `after` is wanted, a record that is made and
 * deleted in one is reported as deleted.
 */
type Changes = Map<string, RecordChange>;

const keyOf = ({ kind, id }: Pick<RecordChange, 'kind' | 'id'>) => `${kind} ${id}`;

function noteChange(changes: Changes, change: RecordChange): void {
  // What did not exist and does not exist has not changed.
  if (change.before || change.after) changes.set(keyOf(change), change);
  else changes.delete(keyOf(change));
}

/** Makes a transaction's `put` and `delete` note what they change. */
function recording(
  tx: MetadataTransaction,
  changes: Changes,
  wanted: StoreObserver['wanted'],
): MetadataTransaction {
  const note = async <K extends RecordKind>(kind: K, id: string, after?: RecordKinds[K]) => {
    const what = wanted(kind);
    if (what === 'nothing') return;
    const known = changes.get(keyOf({ kind, id }));
    const isRead = what === 'both' ? !known : !after;
    const before = known?.before ?? (isRead ? await tx.get(kind, id) : undefined);
    const change = { kind, id, ...(before ? { before } : {}), ...(after ? { after } : {}) };
    noteChange(changes, change);
  };
  return withWrites(tx, {
    async put(kind, record) {
      await note(kind, record.id, record);
      await tx.put(kind, record);
    },
    async delete(kind, id) {
      await note(kind, id);
      await tx.delete(kind, id);
    },
  });
}

/** The store, reporting what is committed through it. */
export function observedStore(store: MetadataStore, observer: StoreObserver): MetadataStore {
  return {
    read: (work) => store.read(work),
    async write(work) {
      let changes: Changes = new Map();
      const result = await store.write((tx) => {
        // Only the last run counts.
        changes = new Map();
        return work(recording(tx, changes, observer.wanted));
      });
      if (changes.size > 0) observer.onCommit([...changes.values()]);
      return result;
    },
    async reset(keep, keptSettings) {
      await store.reset(keep, keptSettings);
      observer.onReset();
    },
    close: () => store.close(),
  };
}
