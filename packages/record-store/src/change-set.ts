import { invariant } from '@bakehouse/base';
import type { RecordKind, RecordKinds } from '@bakehouse/domain';
import { deepFreeze } from './deep-freeze.ts';
import { canBeId } from './record-ids.ts';

/** What a write does to one id. */
export type Change<K extends RecordKind> =
  | { readonly what: 'put'; readonly record: RecordKinds[K]; readonly body: string }
  | { readonly what: 'delete' };

type Changes = Map<string, Change<RecordKind>>;

/** The changes of a batch of writes before they are committed. The changes of one write can be undone. */
export class ChangeSet {
  readonly #changes = new Map<RecordKind, Changes>();
  readonly #cleared = new Set<RecordKind>();
  /** Undoes the changes, in reverse. */
  readonly #undo: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.#undo.length === 0;
  }

  /** A point to return to by `undoTo`. */
  get mark(): number {
    return this.#undo.length;
  }

  undoTo(mark: number): void {
    for (const undo of this.#undo.splice(mark).reverse()) undo();
  }

  /** Keeps what JSON keeps of the record, so that reading it back gives the same. */
  put<K extends RecordKind>(kind: K, record: RecordKinds[K]): void {
    const body = JSON.stringify(record);
    const kept: RecordKinds[K] = deepFreeze(JSON.parse(body));
    invariant(canBeId(kept.id), `the id of a ${kind} is printable ASCII`);
    this.#set(kind, kept.id, { what: 'put', record: kept, body });
  }

  delete(kind: RecordKind, id: string): void {
    if (canBeId(id)) this.#set(kind, id, { what: 'delete' });
  }

  /** Deletes every record of the kind. */
  clear(kind: RecordKind): void {
    const changes = this.#changes.get(kind);
    const wasCleared = this.#cleared.has(kind);
    this.#changes.set(kind, new Map());
    this.#cleared.add(kind);
    this.#undo.push(() => {
      if (changes) this.#changes.set(kind, changes);
      else this.#changes.delete(kind);
      if (!wasCleared) this.#cleared.delete(kind);
    });
  }

  isCleared(kind: RecordKind): boolean {
    return this.#cleared.has(kind);
  }

  of<K extends RecordKind>(kind: K): ReadonlyMap<string, Change<K>> {
    // Only `put` adds to a kind's map, and it takes the kind's own records.
    return (this.#changes.get(kind) ?? new Map()) as ReadonlyMap<string, Change<K>>;
  }

  kinds(): readonly RecordKind[] {
    return [...this.#changes.keys()];
  }

  #set(kind: RecordKind, id: string, change: Change<RecordKind>): void {
    const changes: Changes = this.#changes.get(kind) ?? new Map();
    this.#changes.set(kind, changes);
    const before = changes.get(id);
    changes.set(id, change);
    this.#undo.push(() => {
      if (before) changes.set(id, before);
      else changes.delete(id);
    });
  }
}
