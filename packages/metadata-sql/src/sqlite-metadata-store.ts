import type { DatabaseSync } from 'node:sqlite';
import {
  type MetadataReader,
  type MetadataStore,
  type MetadataTransaction,
  type RecordKind,
  recordKinds,
} from '@bakehouse/domain';
import { CommittedRecords } from './committed-records.ts';
import { MetadataStoreError, storeError } from './metadata-store-error.ts';
import { RecordDatabase } from './record-database.ts';
import { StoreReader, type StoreTransaction } from './store-reader.ts';
import { outlivedItsTurn, Turns } from './turn.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * `MetadataStore` on a migrated database, of which it is the only user. See `Turn` for what makes reads
 * consistent, and `WriteQueue` for what makes writes quick.
 */
export class SqliteMetadataStore implements MetadataStore {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #committed: CommittedRecords;
  readonly #turns = new Turns();
  readonly #writes: WriteQueue;
  #closing: Promise<void> | undefined;

  constructor(database: DatabaseSync, options: { path: string; cacheLimitChars: number }) {
    this.#database = database;
    this.#path = options.path;
    const records = new RecordDatabase(database);
    this.#committed = new CommittedRecords(records, options.cacheLimitChars);
    this.#writes = new WriteQueue(this.#committed, () => this.#turns.end());
  }

  async read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    const turn = this.#turns.current();
    try {
      const result = await work(new StoreReader(this.#committed, turn));
      if (turn.hasEnded) throw outlivedItsTurn();
      return result;
    } catch (error) {
      throw storeError('read', this.#path, error);
    }
  }

  async write<Result>(
    work: (transaction: MetadataTransaction) => Promise<Result>,
  ): Promise<Result> {
    return this.#write(work);
  }

  async reset(keep: readonly RecordKind[]): Promise<void> {
    await this.#write(async (transaction) => {
      for (const kind of recordKinds) if (!keep.includes(kind)) await transaction.clear(kind);
    });
  }

  /** Waits for the writes that were asked for. */
  close(): Promise<void> {
    this.#closing ??= this.#writes.add(async () => {}).finally(() => this.#database.close());
    return this.#closing;
  }

  async #write<Result>(work: (transaction: StoreTransaction) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    try {
      return await this.#writes.add(work);
    } catch (error) {
      throw storeError('write', this.#path, error);
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new MetadataStoreError(`${this.#path} is closed`, this.#path);
  }
}
