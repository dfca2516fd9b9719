import { setImmediate } from 'node:timers';
import { ChangeSet } from './change-set.ts';
import type { CommittedRecords } from './committed-records.ts';
import { StoreTransaction } from './store-reader.ts';
import { outlivedItsTurn, Turn } from './turn.ts';

/** Bounds how long one commit can take, and how much a full disk refuses at once. */
const batchLimit = 256;

type Outcome = () => void;

interface QueuedWrite {
  /** Runs the caller's function; answers how to tell the caller once the batch is on disk. */
  run(transaction: StoreTransaction): Promise<Outcome>;
  reject(error: unknown): void;
}

/** Writes that share one commit. They run one after the other, each seeing those before it. */
interface Batch {
  readonly changes: ChangeSet;
  readonly done: { readonly write: QueuedWrite; readonly settle: Outcome }[];
  running?: { readonly write: QueuedWrite; readonly mark: number; readonly turn: Turn };
  /** True while something takes writes from the queue, which must be one at a time. */
  isTaking: boolean;
  isClosed: boolean;
}

/**
 * Group commit. Writes run as they come, in microtasks, on changes held in memory; the next macrotask
 * takes them to disk in one transaction and tells the callers. The database thus never holds what is not
 * committed, and a write that throws is undone in memory without disturbing the others.
 */
export class WriteQueue {
  readonly #committed: CommittedRecords;
  readonly #beforeCommit: () => void;
  #waiting: QueuedWrite[] = [];
  #batch: Batch | undefined;

  /** `beforeCommit` is called at the start of each commit's macrotask. */
  constructor(committed: CommittedRecords, beforeCommit: () => void) {
    this.#committed = committed;
    this.#beforeCommit = beforeCommit;
  }

  add<Result>(work: (transaction: StoreTransaction) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({
        reject,
        async run(transaction) {
          const result = await work(transaction);
          return () => resolve(result);
        },
      });
      this.#proceed();
    });
  }

  #proceed(): void {
    if (!this.#batch) {
      this.#batch = { changes: new ChangeSet(), done: [], isTaking: false, isClosed: false };
      setImmediate(() => this.#commit());
    }
    if (!this.#batch.isTaking) void this.#runWaiting(this.#batch);
  }

  async #runWaiting(batch: Batch): Promise<void> {
    batch.isTaking = true;
    while (!batch.isClosed && batch.done.length < batchLimit) {
      const write = this.#waiting.shift();
      if (!write) break;
      await this.#run(batch, write);
    }
    batch.isTaking = false;
  }

  async #run(batch: Batch, write: QueuedWrite): Promise<void> {
    const turn = new Turn();
    const mark = batch.changes.mark;
    batch.running = { write, mark, turn };
    const transaction = new StoreTransaction(this.#committed, batch.changes, turn);
    let settle: Outcome;
    try {
      settle = await write.run(transaction);
    } catch (error) {
      settle = () => write.reject(error);
      if (!turn.hasEnded) batch.changes.undoTo(mark);
    }
    if (turn.hasEnded) return;
    turn.end();
    delete batch.running;
    batch.done.push({ write, settle });
  }

  #commit(): void {
    const batch = this.#batch;
    if (!batch) return;
    this.#beforeCommit();
    this.#refuseUnfinished(batch);
    batch.isClosed = true;
    this.#batch = undefined;
    try {
      if (!batch.changes.isEmpty) this.#committed.commit(batch.changes);
      for (const { settle } of batch.done) settle();
    } catch (error) {
      for (const { write } of batch.done) write.reject(error);
    }
    if (this.#waiting.length > 0) this.#proceed();
  }

  /** Microtasks have run out, so a write that has not finished awaits something other than the store. */
  #refuseUnfinished(batch: Batch): void {
    if (!batch.running) return;
    const { write, mark, turn } = batch.running;
    turn.end();
    batch.changes.undoTo(mark);
    write.reject(outlivedItsTurn());
  }
}
