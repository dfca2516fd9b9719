import type {
  ListQuery,
  MetadataReader,
  MetadataTransaction,
  RecordKind,
  RecordKinds,
} from '@bakehouse/domain';
import type { ChangeSet } from './change-set.ts';
import type { RecordSource } from './committed-records.ts';
import { OverlaidRecords } from './overlaid-records.ts';
import type { Turn } from './turn.ts';

/** What `read` hands to its function. */
export class StoreReader implements MetadataReader {
  readonly #source: RecordSource;
  readonly #turn: Turn;

  constructor(source: RecordSource, turn: Turn) {
    this.#source = source;
    this.#turn = turn;
  }

  async get<K extends RecordKind>(kind: K, id: string): Promise<RecordKinds[K] | undefined> {
    this.#turn.check();
    return this.#source.get(kind, id);
  }

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> = {},
  ): Promise<readonly RecordKinds[K][]> {
    this.#turn.check();
    return this.#source.list(kind, query);
  }
}

/** What `write` hands to its function. */
export class StoreTransaction extends StoreReader implements MetadataTransaction {
  readonly #changes: ChangeSet;
  readonly #turn: Turn;

  constructor(committed: RecordSource, changes: ChangeSet, turn: Turn) {
    super(new OverlaidRecords(committed, changes), turn);
    this.#changes = changes;
    this.#turn = turn;
  }

  async put<K extends RecordKind>(kind: K, record: RecordKinds[K]): Promise<void> {
    this.#turn.check();
    this.#changes.put(kind, record);
  }

  async delete(kind: RecordKind, id: string): Promise<void> {
    this.#turn.check();
    this.#changes.delete(kind, id);
  }

  async clear(kind: RecordKind): Promise<void> {
    this.#turn.check();
    this.#changes.clear(kind);
  }
}
