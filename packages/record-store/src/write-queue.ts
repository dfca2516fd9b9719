import { setImmediate } from 'node:timers';
import { ChangeSet } from './change-set.ts';
import type { RecordSource } from './database-records.ts';
import { planRows } from './plan-rows.ts';
import type { RecordDatabase, RowChanges } from './record-database.ts';
import { StoreTransaction } from './store-reader.ts';
import { awaitedSomethingElse, type WatchedWork, type WorkWatch } from './work-watch.ts';

/** Bounds how long one commit can take, and how much a full disk refuses at once. */
const batchMax = 256;

/**
 * How long the writes of a batch may wait for records before others no longer join them. Each may read from a database that
 * is a round trip away, and the first must not wait for hundreds of them. Other time than that does not count: a batch of its
 * own would not save it, and costs a flush.
 */
const joinMs = 20;

interface QueuedWrite {
  /** Runs the caller's function; returns what reports its result once the batch is on disk. */
  run(transaction: StoreTransaction): Promise<() => void>;
  reject(error: unknown): void;
}

/** Writes that share one commit. They run one after the other, each on the state that the ones before it left. */
interface Batch {
  readonly changes: ChangeSet;
  readonly done: { readonly write: QueuedWrite; readonly settle: () => void }[];
  /** How long its writes have waited for a remote database. */
  waitedMs: number;
  /** True while writes are taken from the queue, one at a time. */
  isTaking: boolean;
  /** True when it is to be written as soon as no write is being taken. */
  isDue: boolean;
}

export interface WriteQueueOptions {
  readonly database: RecordDatabase;
  readonly committed: RecordSource;
  readonly watch: WorkWatch;
  /** Called when changes are on disk, before their writers hear of it. */
  readonly onCommit: (changes: ChangeSet) => void;
}

function mayJoin({ done, waitedMs, isDue }: Batch): boolean {
  return done.length < batchMax && !(isDue && waitedMs >= joinMs);
}

/**
 * Group commit. Writes run as they come, on changes in memory; what comes while they do, unless they wait for a remote
 * database for long, is written to disk in one transaction, and then the callers hear of it. A write that throws is undone
 * in memory without disturbing the others.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #waiting: QueuedWrite[] = [];
  #batch: Batch | undefined;
  #isCommitting = false;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
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
    if (this.#isCommitting) return;
    if (!this.#batch) {
      const batch: Batch = {
        changes: new ChangeSet(),
        done: [],
        waitedMs: 0,
        isTaking: false,
        isDue: false,
      };
      this.#batch = batch;
      setImmediate(() => this.#makeDue(batch));
    }
    if (!this.#batch.isTaking) void this.#take(this.#batch);
  }

  async #take(batch: Batch): Promise<void> {
    batch.isTaking = true;
    while (mayJoin(batch)) {
      const write = this.#waiting.shift();
      if (!write) break;
      await this.#run(batch, write);
    }
    batch.isTaking = false;
    if (batch.isDue) setImmediate(() => this.#prepare(batch));
  }

  #run(batch: Batch, write: QueuedWrite): Promise<void> {
    const { changes } = batch;
    const { database, committed, watch } = this.#options;
    const mark = changes.mark;
    return new Promise((resolve) => {
      const end = (work: WatchedWork, settle: () => void) => {
        if (work.isOver) return;
        work.end();
        if (database.isRemote) batch.waitedMs += work.readMs;
        batch.done.push({ write, settle });
        resolve();
      };
      const fail = (error: unknown) => {
        changes.undoTo(mark);
        return () => write.reject(error);
      };
      const work: WatchedWork = watch.begin(() => {
        batch.done.push({ write, settle: fail(awaitedSomethingElse()) });
        resolve();
      });
      write.run(new StoreTransaction(committed, changes, work)).then(
        (settle) => end(work, settle),
        (error: unknown) => {
          if (!work.isOver) end(work, fail(error));
        },
      );
    });
  }

  /** Runs in a macrotask of its own, so that a write under way is waiting for the store or for something else. */
  #makeDue(batch: Batch): void {
    batch.isDue = true;
    this.#batch = undefined;
    this.#isCommitting = true;
    this.#options.watch.expireIdle();
    if (!batch.isTaking) this.#prepare(batch);
  }

  /** Runs in a macrotask of its own, as `#write` must. */
  #prepare(batch: Batch): void {
    const rows = planRows(batch.changes, this.#options.committed);
    if (rows instanceof Promise) {
      rows.then(
        (read) => setImmediate(() => this.#write(batch, read)),
        (error: unknown) => this.#fail(batch, error),
      );
    } else {
      this.#write(batch, rows);
    }
  }

  /** Runs in a macrotask of its own: no read may be halfway through while the committed state changes. */
  #write(batch: Batch, rows: RowChanges): void {
    const { database, watch } = this.#options;
    watch.expireIdle();
    try {
      const written = batch.changes.isEmpty ? undefined : database.commit(rows);
      if (written instanceof Promise) {
        written.then(
          () => setImmediate(() => this.#finishLater(batch)),
          (error: unknown) => this.#fail(batch, error),
        );
      } else {
        this.#finish(batch);
      }
    } catch (error) {
      this.#fail(batch, error);
    }
  }

  /** Runs in a macrotask of its own, as reads went on while the commit was under way. */
  #finishLater(batch: Batch): void {
    this.#options.watch.expireIdle();
    this.#finish(batch);
  }

  #finish(batch: Batch): void {
    if (!batch.changes.isEmpty) this.#options.onCommit(batch.changes);
    for (const { settle } of batch.done) settle();
    this.#next();
  }

  #fail(batch: Batch, error: unknown): void {
    for (const { write } of batch.done) write.reject(error);
    this.#next();
  }

  #next(): void {
    this.#isCommitting = false;
    if (this.#waiting.length > 0) this.#proceed();
  }
}
