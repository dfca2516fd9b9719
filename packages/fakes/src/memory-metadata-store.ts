import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type MetadataReader,
  type MetadataStore,
  type MetadataTransaction,
  type RecordKind,
  recordKinds,
} from '@bakehouse/domain';
import { MemoryRecords, MemoryTransaction } from './memory-records.ts';
import { withinOneTurn } from './within-one-turn.ts';

/**
 * `MetadataStore` without a disk: one write at a time, on a copy that then becomes the state. Each write's function runs
 * twice, and the first run is dropped: the port allows that, so every test shows that its callers tolerate it.
 */
export class MemoryMetadataStore implements MetadataStore {
  #records = new MemoryRecords();
  #lastWrite: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  async read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    const records = this.#records;
    return withinOneTurn((check) => work(new MemoryTransaction(records, check)));
  }

  async write<Result>(
    work: (transaction: MetadataTransaction) => Promise<Result>,
  ): Promise<Result> {
    this.#checkOpen();
    const result = this.#lastWrite.then(() => this.#commit(work));
    this.#lastWrite = result.catch(() => {});
    return result;
  }

  async reset(keep: readonly RecordKind[], keptSettings: readonly string[] = []): Promise<void> {
    const isKept = (kind: RecordKind, id: string) =>
      kind === 'setting' && keptSettings.includes(id);
    await this.write(async (transaction) => {
      for (const kind of recordKinds.filter((candidate) => !keep.includes(candidate))) {
        for (const { id } of await transaction.list(kind))
          if (!isKept(kind, id)) await transaction.delete(kind, id);
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastWrite;
  }

  async #commit<Result>(
    work: (transaction: MetadataTransaction) => Promise<Result>,
  ): Promise<Result> {
    await this.#rehearse(work);
    const draft = this.#records.copy();
    const result = await withinOneTurn((check) => work(new MemoryTransaction(draft, check)));
    await nextTurn();
    this.#records = draft;
    return result;
  }

  /** A run that is dropped, as the port allows. */
  async #rehearse(work: (transaction: MetadataTransaction) => Promise<unknown>): Promise<void> {
    const draft = this.#records.copy();
    await withinOneTurn((check) => work(new MemoryTransaction(draft, check))).catch(() => {});
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the metadata store is closed');
  }
}
