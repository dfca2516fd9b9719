import { Worker } from 'node:worker_threads';
import { invariant } from '@bakehouse/base';
import { fourLaneModule } from '../sha256/four-lane-module.ts';
import { hasShaInstructions } from '../sha256/has-sha-instructions.ts';
import { type CoderSlot, makeCoderMemory, scratchOffset, slotViews } from './coder-memory.ts';
import type { CoderTask } from './coder-task.ts';
import type { CoderThreadData } from './coder-thread.ts';

interface Waiting {
  readonly resolve: (result: number) => void;
  readonly reject: (error: unknown) => void;
}

interface CoderThread {
  readonly worker: Worker;
  /** Threads reply in the order of the requests. */
  readonly waiting: Waiting[];
  isAlive: boolean;
}

interface Crew {
  readonly threads: CoderThread[];
  readonly freeSlots: CoderSlot[];
}

/** Enough that a thread finds the next four blocks read while it works on four and others are written. */
const slotsPerThread = 12;
/** Starting threads costs some 100 ms, which is most of what a small snapshot may take. */
const idleMs = 10 * 60_000;

/**
 * Threads that hash and pack blocks, and the memory that they share with the main thread: a block is read into a
 * slot, never copied to a thread. The first use starts them; after ten minutes without use they end.
 */
export class CoderPool {
  readonly #threadCount: number;
  #crew: Crew | undefined;
  #slotQueue: ((slot: CoderSlot) => void)[] = [];
  #usedSlots = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(threadCount: number) {
    this.#threadCount = threadCount;
  }

  /** Starts the threads, so that they are ready when the first block has been read. */
  prepare(): void {
    if (this.#crew !== undefined) return;
    this.#crew = this.#start();
    this.#rest(this.#crew);
  }

  /** Slots that exist: the most blocks on their way at one time. */
  get width(): number {
    return this.#threadCount * slotsPerThread;
  }

  /** Lends a slot while `work` runs; waits when all are lent. */
  async withSlot<Result>(work: (slot: CoderSlot) => Promise<Result>): Promise<Result> {
    const slot = await this.#acquire();
    try {
      return await work(slot);
    } finally {
      this.#release(slot);
    }
  }

  /** Has a thread do the task; `CoderTask` says what the result means. */
  ask(task: CoderTask): Promise<number> {
    const threads = this.#crew?.threads ?? [];
    if (!threads.every(({ isAlive }) => isAlive)) {
      return Promise.reject(new Error('a thread that hashes and packs blocks has died'));
    }
    const thread = threads.reduce<CoderThread | undefined>(
      (best, next) => (best && best.waiting.length <= next.waiting.length ? best : next),
      undefined,
    );
    invariant(thread !== undefined, 'only who holds a slot asks');
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      thread.worker.postMessage(task);
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const threads = this.#crew?.threads ?? [];
    this.#crew = undefined;
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  async #acquire(): Promise<CoderSlot> {
    clearTimeout(this.#idleTimer);
    this.#crew ??= this.#start();
    // Threads keep the process alive only while they work.
    if (this.#usedSlots === 0) for (const { worker } of this.#crew.threads) worker.ref();
    this.#usedSlots += 1;
    const slot = this.#crew.freeSlots.pop();
    return slot ?? new Promise((resolve) => this.#slotQueue.push(resolve));
  }

  #release(slot: CoderSlot): void {
    this.#usedSlots -= 1;
    const next = this.#slotQueue.shift();
    if (next !== undefined) next(slot);
    else this.#crew?.freeSlots.push(slot);
    if (this.#usedSlots > 0 || this.#crew === undefined) return;
    if (this.#crew.threads.every(({ isAlive }) => isAlive)) this.#rest(this.#crew);
    else void this.close();
  }

  /** Unused threads do not keep the process alive, and end after a while. */
  #rest({ threads }: Crew): void {
    for (const { worker } of threads) worker.unref();
    this.#idleTimer = setTimeout(() => void this.close(), idleMs).unref();
  }

  #start(): Crew {
    const slotCount = this.width;
    const memory = makeCoderMemory(slotCount, this.#threadCount);
    const module = hashModule();
    return {
      freeSlots: upTo(slotCount).map((number) => slotViews(memory, number)),
      threads: upTo(this.#threadCount).map((number) =>
        startThread({ memory, module, scratch: scratchOffset(slotCount, number) }),
      ),
    };
  }
}

/** Compiled once for all threads of this process. */
let compiledModule: WebAssembly.Module | undefined;

function hashModule(): WebAssembly.Module | undefined {
  if (hasShaInstructions()) return undefined;
  compiledModule ??= new WebAssembly.Module(fourLaneModule());
  return compiledModule;
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

function startThread(workerData: CoderThreadData): CoderThread {
  const worker = new Worker(new URL('./coder-thread.ts', import.meta.url), {
    workerData,
    execArgv: [],
    name: 'block-coder',
  });
  const thread: CoderThread = { worker, waiting: [], isAlive: true };
  const end = (error: unknown) => {
    thread.isAlive = false;
    for (const { reject } of thread.waiting.splice(0)) reject(error);
  };
  worker.on('message', (result: number) => thread.waiting.shift()?.resolve(result));
  worker.on('error', end);
  worker.on('exit', () => end(new Error('a thread that hashes and packs blocks was ended')));
  return thread;
}
