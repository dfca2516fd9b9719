import type { RecordKind, RecordKinds } from '@bakehouse/domain';
import type { Change, ChangeSet } from './change-set.ts';
import type { RecordSource } from './database-records.ts';
import { indexRows } from './index-rows.ts';
import type { Awaitable, IndexRow, RowChanges } from './record-database.ts';

/** A `RowChanges` under construction. */
type Rows = { readonly [Part in keyof RowChanges]: RowChanges[Part][number][] };

/**
 * The rows to write for a set of changes: records, and the index rows that differ from those before. Never throws: rejects
 * when an earlier record cannot be read, or an index cannot take a record.
 */
export function planRows(changes: ChangeSet, committed: RecordSource): Awaitable<RowChanges> {
  const rows: Rows = { clear: [], put: [], remove: [], removeIndex: [], addIndex: [] };
  const pending = changes.kinds().flatMap((kind) => {
    try {
      return planKind(kind, changes, committed, rows) ?? [];
    } catch (error) {
      // Thrown, it would leave a later rejection of another kind without a handler, which ends the process.
      return Promise.reject(error);
    }
  });
  return pending.length === 0 ? rows : Promise.all(pending).then(() => rows);
}

/** Adds the rows of one kind: at once, unless its earlier records must be read from the database. */
function planKind<K extends RecordKind>(
  kind: K,
  changes: ChangeSet,
  committed: RecordSource,
  rows: Rows,
): Promise<void> | undefined {
  const changed = changes.of(kind);
  const add = (before: readonly (RecordKinds[K] | undefined)[]) => {
    let index = 0;
    for (const [id, change] of changed)
      addRows(kind, { id, change, before: before[index++] }, rows);
  };
  if (changes.isCleared(kind)) {
    rows.clear.push(kind);
    add([]);
    return undefined;
  }
  const before = committed.getMany(kind, [...changed.keys()]);
  if (before instanceof Promise) return before.then(add);
  add(before);
  return undefined;
}

interface ChangedRecord<K extends RecordKind> {
  readonly id: string;
  readonly change: Change<K>;
  readonly before: RecordKinds[K] | undefined;
}

function addRows<K extends RecordKind>(
  kind: K,
  { id, change, before }: ChangedRecord<K>,
  rows: Rows,
): void {
  if (change.what === 'put') rows.put.push({ kind, id, body: change.body });
  else if (before) rows.remove.push({ kind, id });
  const old = before ? indexRows(kind, before) : noRows;
  const next = change.what === 'put' ? indexRows(kind, change.record) : noRows;
  for (const [key, row] of old) if (!next.has(key)) rows.removeIndex.push(row);
  for (const [key, row] of next) if (!old.has(key)) rows.addIndex.push(row);
}

const noRows: ReadonlyMap<string, IndexRow> = new Map();
