import type { Clock, Logger } from '@bakehouse/base';
import type { Failure, Workflow, WorkflowId } from '@bakehouse/domain';
import type { LaneWatcher } from './lane-watcher.ts';
import { Lanes } from './lanes.ts';
import type { OpenedRow, RunnableWork } from './open-row.ts';
import { FencedError, RowMissingError, type RunEnd, WorkflowRun } from './run.ts';
import type { FailureNamer } from './step-failure.ts';
import type { ControlTransaction } from './transaction.ts';
import { Shares, type Widths } from './widths.ts';

export interface WorkListOptions<Context> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the server stops or loses its lease. */
  readonly signal: AbortSignal;
  readonly context: () => Context;
  readonly widths: Widths;
  readonly lanes?: LaneWatcher;
  readonly nameOf: FailureNamer;
  readonly drawSequence: () => number;
  /** The row as it is stored now; undefined when it has been deleted. Rejects with `FencedError` as `write` does. */
  readonly reopen: (id: WorkflowId) => Promise<OpenedRow<Context> | undefined>;
  /** Rejects with `FencedError` when the row is another server's, and with `RowMissingError` when there is none. */
  readonly write: <Result>(
    id: WorkflowId,
    work: (transaction: ControlTransaction, row: Workflow) => Promise<Result>,
  ) => Promise<Result>;
  readonly onFenced: (error: FencedError) => void;
}

/** Work as an operator sees it. */
export interface WorkItem {
  readonly workflow: Workflow;
  /** The step that it is at now, which the row need not say yet. */
  readonly step: string;
  /** `waiting`: for its lanes. `pausing`: before another try. */
  readonly status: 'running' | 'waiting' | 'pausing' | 'parked';
  /** The last failure of its step, or why it is parked. */
  readonly problem?: Failure;
}

export interface LiveWork<Context> {
  workflow: Workflow;
  step: string;
  /** Absent while the work is parked, and after it was dropped. */
  work: RunnableWork<Context> | undefined;
  parked: Failure | undefined;
  isResumed: boolean;
  /** Present from when it has its lanes on. */
  run: Promise<void> | undefined;
  /** Ends a pause early, or lets work go on that was parked. */
  wake: (() => void) | undefined;
  /** Why it pauses. */
  pausedFor: Failure | undefined;
  /** Names of the steps done, and who waits for them. */
  readonly done: Set<string>;
  readonly waiters: Set<() => void>;
}

/** A store that cannot take a row, as its disk is full, is asked again after this. */
const storeRetryMs = 5000;

/** The work that has not ended, and what of it runs: whatever is first in all of its lanes. */
export class WorkList<Context> {
  readonly #options: WorkListOptions<Context>;
  readonly #lanes = new Lanes();
  readonly #live = new Map<WorkflowId, LiveWork<Context>>();
  readonly #shares: Shares;
  readonly #idle: PromiseWithResolvers<void>[] = [];
  /** A row was deleted under its work. Others may be missing too: each is looked up before its work starts. */
  #hasMissedRow = false;

  constructor(options: WorkListOptions<Context>) {
    this.#options = options;
    this.#shares = new Shares(options.widths);
    const { signal } = options;
    const giveUp = () => {
      for (const { reject } of this.#idle.splice(0)) reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
  }

  get(id: WorkflowId): LiveWork<Context> | undefined {
    const live = this.#live.get(id);
    return live && !isDropped(live) ? live : undefined;
  }

  /** Adds what is not known yet, and starts what may start. */
  add(opened: readonly OpenedRow<Context>[], { isResumed }: { isResumed: boolean }): void {
    const added: LiveWork<Context>[] = [];
    for (const each of opened) {
      const isParked = 'problem' in each;
      const workflow = isParked ? each.workflow : each.work.workflow;
      if (this.#live.has(workflow.id)) continue;
      const live: LiveWork<Context> = {
        workflow,
        step: workflow.step,
        work: isParked ? undefined : each.work,
        parked: isParked ? each.problem : undefined,
        isResumed,
        run: undefined,
        wake: undefined,
        pausedFor: undefined,
        done: new Set(),
        waiters: new Set(),
      };
      this.#live.set(workflow.id, live);
      this.#enter(live);
      added.push(live);
    }
    for (const live of added) this.#startIfFirst(live);
  }

  items(status?: WorkItem['status']): readonly WorkItem[] {
    return [...this.#live.values()]
      .filter((live) => !isDropped(live))
      .map(itemOf)
      .filter((item) => status === undefined || item.status === status)
      .sort((a, b) => a.workflow.sequence - b.workflow.sequence);
  }

  async reached(id: WorkflowId, stepName: string, timeoutMs: number): Promise<void> {
    const live = this.#live.get(id);
    if (!live || live.done.has(stepName)) return;
    const timeout = new AbortController();
    const done = new Promise<void>((resolve) => {
      const waiter = () => {
        if (this.#live.has(id) && !live.done.has(stepName)) return;
        live.waiters.delete(waiter);
        resolve();
      };
      live.waiters.add(waiter);
    });
    const late = this.#options.clock.sleep(timeoutMs, timeout.signal).catch(() => {});
    await Promise.race([done, late]);
    timeout.abort();
  }

  /**
   * Rejects with `RowMissingError` when the row of parked work is deleted, and ends that work. The caller sees to it
   * that no other retry or drop of this work is going on.
   */
  async retry(live: LiveWork<Context>): Promise<Failure | undefined> {
    if (live.parked) await this.#unpark(live);
    if (live.parked) return live.parked;
    live.wake?.();
    return undefined;
  }

  /** Ends parked work whose row is missing. */
  abandon(live: LiveWork<Context>): void {
    this.#noteMissingRow(live);
    this.drop(live);
  }

  /** Forgets parked work whose row this server has deleted. */
  drop(live: LiveWork<Context>): void {
    live.parked = undefined;
    live.work = undefined;
    // A run may still be taking the lanes. It ends the work when it has them, so that nothing else gets them first.
    if (live.run) live.wake?.();
    else this.#finish(live);
  }

  async settle(): Promise<void> {
    if (this.#isIdle()) return;
    this.#options.signal.throwIfAborted();
    const idle = Promise.withResolvers<void>();
    this.#idle.push(idle);
    await idle.promise;
  }

  async stopped(): Promise<void> {
    await Promise.allSettled([...this.#live.values()].map((live) => live.run));
  }

  #isIdle(): boolean {
    return [...this.#live.values()].every(({ run, parked }) => !run || parked);
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    for (const { resolve } of this.#idle.splice(0)) resolve();
  }

  #enter({ workflow }: LiveWork<Context>): void {
    for (const ahead of this.#lanes.add(workflow)) this.#shares.makeUrgent(ahead);
  }

  /** Starts those that have become first, and notifies the watcher after they have taken the lanes. */
  #pass(next: readonly WorkflowId[], lanes: readonly string[]): void {
    for (const id of next) {
      const live = this.#live.get(id);
      if (live) this.#startIfFirst(live);
    }
    this.#options.lanes?.free(lanes);
  }

  #startIfFirst(live: LiveWork<Context>): void {
    if (live.run || this.#options.signal.aborted || !this.#lanes.isFirst(live.workflow)) return;
    live.run = this.#run(live);
  }

  #finish(live: LiveWork<Context>): void {
    this.#live.delete(live.workflow.id);
    for (const waiter of [...live.waiters]) waiter();
    // What never ran has not taken its lanes: other work may hold them.
    const taken = live.run ? live.workflow.lanes : [];
    this.#pass(this.#lanes.remove(live.workflow), taken);
    this.#tellIdle();
  }

  /** Has the lanes from here on, until the work has ended or moves to their end. */
  async #run(live: LiveWork<Context>): Promise<void> {
    const { lanes, signal } = this.#options;
    try {
      await lanes?.take(live.workflow.lanes);
      if (live.parked) await this.#unparked(live);
      if (this.#hasMissedRow && live.work) {
        live.work = (await this.#workOfRow(live)) ?? this.#noteMissingRow(live);
      }
      if (!live.work) return this.#finish(live);
      const end = await this.#runToEnd(live, live.work);
      if (end?.kind === 'yielded') this.#yield(live, end);
      else this.#finish(live);
    } catch (error) {
      if (error instanceof FencedError) this.#options.onFenced(error);
      else if (!signal.aborted) throw error;
    }
  }

  /** Lets parked work go on if its row can be run now, and ends it if the row is deleted. Else notes why not. */
  async #unpark(live: LiveWork<Context>): Promise<void> {
    const opened = await this.#options.reopen(live.workflow.id);
    if (!opened) {
      this.abandon(live);
      throw new RowMissingError(live.workflow.id);
    }
    if ('problem' in opened) {
      live.parked = opened.problem;
    } else {
      live.work = opened.work;
      live.parked = undefined;
    }
  }

  /** Parked work keeps its lanes: what it left half done is not known, and what follows would build on it. */
  async #unparked(live: LiveWork<Context>): Promise<void> {
    const { signal } = this.#options;
    this.#tellIdle();
    await new Promise<void>((resolve, reject) => {
      live.wake = () => {
        if (!live.parked) resolve();
      };
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
    });
    live.wake = undefined;
  }

  /** Ends early when an operator asks for the next try. */
  async #pause(live: LiveWork<Context>, pauseMs: number, failure: Failure): Promise<void> {
    const { clock, signal } = this.#options;
    const woken = new AbortController();
    live.wake = () => woken.abort(new Error('an operator asks for the next try now'));
    live.pausedFor = failure;
    try {
      await clock.sleep(pauseMs, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!woken.signal.aborted || signal.aborted) throw error;
    } finally {
      live.wake = undefined;
      live.pausedFor = undefined;
    }
  }

  /** A store that fails is asked again, from what the row says then. Undefined when the row is deleted. */
  async #runToEnd(
    live: LiveWork<Context>,
    first: RunnableWork<Context>,
  ): Promise<RunEnd | undefined> {
    const { clock, logger, signal } = this.#options;
    let work: RunnableWork<Context> | undefined = first;
    while (work) {
      try {
        return await this.#newRun(live, work).run();
      } catch (error) {
        if (signal.aborted || error instanceof FencedError) throw error;
        if (error instanceof RowMissingError) return this.#noteMissingRow(live);
        const { id, kind } = live.workflow;
        logger.log('error', 'workflow cannot be recorded, trying again', {
          workflow: id,
          kind,
          error,
        });
        live.isResumed = true;
        await clock.sleep(storeRetryMs, signal);
        work = await this.#workOfRow(live);
      }
    }
    return undefined;
  }

  /** Only the row says which way the work goes now, so it is read until that succeeds. */
  async #workOfRow({ workflow }: LiveWork<Context>): Promise<RunnableWork<Context> | undefined> {
    const { clock, logger, signal, reopen } = this.#options;
    const { id, kind } = workflow;
    for (;;) {
      try {
        const opened = await reopen(id);
        return opened && 'work' in opened ? opened.work : undefined;
      } catch (error) {
        if (signal.aborted || error instanceof FencedError) throw error;
        logger.log('error', 'workflow cannot be read, trying again', { workflow: id, kind, error });
        await clock.sleep(storeRetryMs, signal);
      }
    }
  }

  #noteMissingRow({ workflow: { id, kind } }: LiveWork<Context>): undefined {
    this.#hasMissedRow = true;
    const message = 'the row of a workflow was deleted, its work ends here';
    this.#options.logger.log('error', message, { workflow: id, kind });
  }

  #newRun(live: LiveWork<Context>, work: RunnableWork<Context>): WorkflowRun<Context> {
    const { clock, logger, signal, context, nameOf, drawSequence, write } = this.#options;
    const { id } = live.workflow;
    return new WorkflowRun(work, {
      context: context(),
      clock,
      logger,
      signal,
      nameOf,
      drawSequence,
      isResumed: live.isResumed,
      write: (change) => write(id, change),
      waitingBehind: () => this.#lanes.behind(live.workflow),
      takeShare: (resource, givingUp = signal) =>
        this.#shares.take(resource, {
          id,
          signal: givingUp,
          isUrgent: () => this.#lanes.behind(live.workflow).length > 0,
        }),
      pause: (pauseMs, failure) => this.#pause(live, pauseMs, failure),
      onStart(stepName) {
        live.step = stepName;
      },
      onStep(stepName) {
        live.done.add(stepName);
        for (const waiter of [...live.waiters]) waiter();
      },
    });
  }

  /** Gives its lanes to what waits for them, and comes back behind all of that after its pause. */
  #yield(live: LiveWork<Context>, { row, pauseMs, failure }: RunEnd & { kind: 'yielded' }): void {
    const next = this.#lanes.remove(live.workflow);
    live.workflow = row;
    live.isResumed = true;
    live.run = this.#comeBack(live, pauseMs, failure);
    this.#pass(next, row.lanes);
  }

  async #comeBack(live: LiveWork<Context>, pauseMs: number, failure: Failure): Promise<void> {
    const { signal, drawSequence } = this.#options;
    try {
      await this.#pause(live, pauseMs, failure);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    live.run = undefined;
    // What came during the pause is ahead of it; the row need not know, as it only sorts what waits at a start.
    live.workflow = { ...live.workflow, sequence: drawSequence() };
    live.work = live.work && { ...live.work, workflow: live.workflow };
    this.#enter(live);
    this.#startIfFirst(live);
  }
}

/** Whether the work has ended although its run still takes or gives back the lanes. */
const isDropped = <Context>({ work, parked }: LiveWork<Context>) => !work && !parked;

function itemOf<Context>(live: LiveWork<Context>): WorkItem {
  const { workflow, step, parked, pausedFor, run } = live;
  if (parked) return { workflow, step, status: 'parked', problem: parked };
  if (pausedFor) return { workflow, step, status: 'pausing', problem: pausedFor };
  return { workflow, step, status: run ? 'running' : 'waiting' };
}
