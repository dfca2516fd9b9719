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

/** `MetadataStore` without a disk: one write at a time, on a copy that then takes the place of the state. */
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

  async reset(keep: readonly RecordKind[]): Promise<void> {
    await this.write(async (transaction) => {
      for (const kind of recordKinds.filter((candidate) => !keep.includes(candidate))) {
        for (const { id } of await transaction.list(kind)) await transaction.delete(kind, id);
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
    const draft = this.#records.copy();
    const result = await withinOneTurn((check) => work(new MemoryTransaction(draft, check)));
    await nextTurn();
    this.#records = draft;
    return result;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the metadata store is closed');
  }
}
