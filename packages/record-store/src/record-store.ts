import {
  type MetadataReader,
  type MetadataStore,
  type MetadataTransaction,
  type RecordKind,
  recordKinds,
} from '@bakehouse/domain';
import { CachedRecords } from './cached-records.ts';
import { MetadataStoreError } from './metadata-store-error.ts';
import type { RecordDatabase } from './record-database.ts';
import { StoreReader, type StoreTransaction } from './store-reader.ts';
import { awaitedSomethingElse, type WatchedWork, WorkWatch } from './work-watch.ts';
import { WriteQueue } from './write-queue.ts';

/** A read that commits overtook so often runs among the writes instead, where none can. */
const overtakenMax = 3;

/**
 * `MetadataStore` over a database of records that this process alone writes to: records are cached, and a read runs beside
 * the writes. It is consistent when no commit came between its first look and its end, and runs again when one did.
 */
export class RecordStore implements MetadataStore {
  readonly #database: RecordDatabase;
  readonly #committed: CachedRecords;
  readonly #watch = new WorkWatch();
  readonly #writes: WriteQueue;
  /** Grows by one with each commit. */
  #version = 0;
  #closing: Promise<void> | undefined;

  constructor(database: RecordDatabase, options: { readonly cacheLimitChars: number }) {
    this.#database = database;
    this.#committed = new CachedRecords(database, options.cacheLimitChars);
    this.#writes = new WriteQueue({
      database,
      committed: this.#committed,
      watch: this.#watch,
      onCommit: (changes) => {
        this.#committed.apply(changes);
        this.#version += 1;
      },
    });
  }

  async read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    try {
      for (let overtaken = 0; overtaken < overtakenMax; overtaken += 1) {
        const version = this.#version;
        const outcome = await this.#attempt(work);
        if (this.#version !== version) continue;
        if ('error' in outcome) throw outcome.error;
        return outcome.result;
      }
      return await this.#writes.add(work);
    } catch (error) {
      throw this.#database.explain('read', error);
    }
  }

  async write<Result>(
    work: (transaction: MetadataTransaction) => Promise<Result>,
  ): Promise<Result> {
    return this.#write(work);
  }

  async reset(keep: readonly RecordKind[], keptSettings: readonly string[] = []): Promise<void> {
    await this.#write(async (transaction) => {
      const kept = await transaction.getMany('setting', keptSettings);
      for (const kind of recordKinds) if (!keep.includes(kind)) await transaction.clear(kind);
      for (const setting of kept) if (setting) await transaction.put('setting', setting);
    });
  }

  close(): Promise<void> {
    // Whoever waits for a write hears of its failure; the close itself only has to come after it.
    this.#closing ??= this.#writes
      .add(async () => {})
      .catch(() => {})
      .then(() => this.#database.close());
    return this.#closing;
  }

  async #attempt<Result>(
    work: (reader: MetadataReader) => Promise<Result>,
  ): Promise<{ readonly result: Result } | { readonly error: unknown }> {
    let watched: WatchedWork | undefined;
    try {
      this.#database.checkUsable();
      const result = await new Promise<Result>((resolve, reject) => {
        watched = this.#watch.begin(() => reject(awaitedSomethingElse()));
        work(new StoreReader(this.#committed, watched)).then(resolve, reject);
      });
      this.#database.checkUsable();
      return { result };
    } catch (error) {
      return { error };
    } finally {
      watched?.end();
    }
  }

  async #write<Result>(work: (transaction: StoreTransaction) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    try {
      return await this.#writes.add(work);
    } catch (error) {
      throw this.#database.explain('write', error);
    }
  }

  #checkOpen(): void {
    const { name } = this.#database;
    if (this.#closing) throw new MetadataStoreError(`${name} is closed`, { database: name });
  }
}
