import { type Clock, invariant, type Logger } from '@bakehouse/base';
import type { Failure, Workflow, WorkflowId } from '@bakehouse/domain';
import type {
  Commit,
  PreparedAction,
  PreparedStep,
  WorkInProgress,
  WorkMark,
} from './definition.ts';
import type { RunnableWork } from './open-row.ts';
import {
  countFailure,
  countsToKeep,
  type NextTry,
  nextTry,
  noTries,
  type Tries,
  untilDone,
} from './retry-rule.ts';
import { type FailureNamer, failureOf } from './step-failure.ts';
import type { ControlTransaction } from './transaction.ts';

export interface RunOptions<Context> {
  readonly context: Context;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the server stops or loses its lease. */
  readonly signal: AbortSignal;
  readonly nameOf: FailureNamer;
  /** True when an earlier run, of this server or another, may have done more than the row says. */
  readonly isResumed: boolean;
  /**
   * A transaction that is given the row as it is stored. Rejects with `FencedError` when that is another server's by
   * now, and with `RowMissingError` when there is none. What begins in it is started after the commit.
   */
  readonly write: <Result>(
    work: (transaction: ControlTransaction, row: Workflow) => Promise<Result>,
  ) => Promise<Result>;
  /** Resolves when the step may use the resource, with the function that gives it back. */
  readonly takeShare: (resource: string | undefined, signal?: AbortSignal) => Promise<() => void>;
  /** Resolves after the pause, or earlier when an operator asks for the next try now. Rejects when aborted. */
  readonly pause: (pauseMs: number, failure: Failure) => Promise<void>;
  readonly waitingBehind: () => readonly Workflow[];
  readonly drawSequence: () => number;
  readonly onStart: (stepName: string) => void;
  /** Called after a step is done, and its commit, if it has one, is on disk. */
  readonly onStep: (stepName: string) => void;
}

/** `yielded`: the next try comes after the pause, behind what waits in the lanes then. */
export type RunEnd =
  | { readonly kind: 'ended' }
  | {
      readonly kind: 'yielded';
      readonly row: Workflow;
      readonly pauseMs: number;
      readonly failure: Failure;
    };

/** Another server has taken the work over, or it has ended there. */
export class FencedError extends Error {
  override readonly name = 'FencedError';

  constructor(workflowId: WorkflowId) {
    super(`${workflowId} belongs to another server by now`);
  }
}

/** The row was deleted, but not by the end of the work. */
export class RowMissingError extends Error {
  override readonly name = 'RowMissingError';

  constructor(workflowId: WorkflowId) {
    super(`the row of ${workflowId} is missing`);
  }
}

/** Whether this server has nothing more to do with the work: no step may catch that. */
const endsRun = (error: unknown) =>
  error instanceof FencedError || error instanceof RowMissingError;

/** The marks of a run are for people: work that repeats a step for days keeps the first ones. */
const marksMax = 100;

/** A failure of a step; wrapped, as anything can be thrown. */
interface Problem {
  readonly error: unknown;
}

/** Runs one workflow from what its row says to its end, forward or back; the row is deleted then. */
export class WorkflowRun<Context> {
  readonly #options: RunOptions<Context>;
  readonly #steps: readonly PreparedStep<Context>[];
  readonly #onFailure: 'unwind' | 'retry';
  readonly #row: Workflow;
  #isForward: boolean;
  /** Why the work unwinds. */
  #failure: Failure | undefined;
  /** In place of the step's own action, whose tries the failure has used up. */
  #fallback: { readonly action: PreparedAction<Context>; readonly failure: Failure } | undefined;
  /** The place of the step to do, or to undo, now. */
  #at: number;
  /** The last step that may have been done, at least in part. */
  #reach: number;
  #tries: Tries;
  readonly #marks: WorkMark[] = [];

  constructor({ workflow, steps, onFailure }: RunnableWork<Context>, options: RunOptions<Context>) {
    this.#options = options;
    this.#steps = steps;
    this.#onFailure = onFailure;
    this.#row = workflow;
    this.#isForward = workflow.state === 'running';
    this.#failure = workflow.failure;
    this.#at = steps.findIndex(({ name }) => name === workflow.step);
    // What an earlier run did without recording it is not known, so all of it may have to be undone.
    this.#reach = options.isResumed ? steps.length - 1 : this.#at;
    this.#tries = { ...noTries, counts: workflow.retries ?? {} };
  }

  /** Rejects with the store's error when that cannot be written, and with the signal's reason when aborted. */
  async run(): Promise<RunEnd> {
    this.#mark('began');
    for (;;) {
      this.#options.signal.throwIfAborted();
      const step = this.#steps[this.#at];
      if (!step) return { kind: 'ended' };
      this.#options.onStart(step.name);
      const action = this.#fallback?.action ?? (this.#isForward ? step.run : step.undo);
      const problem = await this.#attempt(step, action);
      if (!problem) continue;
      if (this.#options.signal.aborted || endsRun(problem.error)) throw problem.error;
      const yielded = await this.#handle(step, action, problem);
      if (yielded) return yielded;
    }
  }

  /** Does the step and records it. Returns what went wrong in the step; an error of the store is thrown. */
  async #attempt(
    step: PreparedStep<Context>,
    action: PreparedAction<Context> | undefined,
  ): Promise<Problem | undefined> {
    if (!action) return await this.#advance(step, undefined);
    let commit: Commit | undefined;
    const giveBack = await this.#options.takeShare(step.uses);
    try {
      commit = await action.perform(this.#options.context, this.#work());
    } catch (error) {
      return { error };
    } finally {
      giveBack();
    }
    return await this.#advance(step, commit);
  }

  #mark(name: string): void {
    if (this.#marks.length < marksMax) this.#marks.push({ name, at: this.#options.clock.now() });
  }

  #work(): WorkInProgress {
    const { signal, write, waitingBehind, takeShare } = this.#options;
    const failure = this.#fallback?.failure ?? this.#failure;
    return {
      id: this.#row.id,
      createdAt: this.#row.createdAt,
      marks: this.#marks,
      mark: (name) => this.#mark(name),
      signal,
      attempt: failuresIn(this.#tries) + 1,
      write: (work) => write(work),
      waitingBehind,
      takeShare,
      ...(failure ? { failure } : {}),
    };
  }

  /** Moves on; writes only what the next server must know. Returns what went wrong in the commit. */
  async #advance(
    step: PreparedStep<Context>,
    commit: Commit | undefined,
  ): Promise<Problem | undefined> {
    const next = this.#at + (this.#isForward ? 1 : -1);
    const isLast = this.#steps[next] === undefined;
    const isSaved = this.#isForward && step.save;
    const problem = isLast || isSaved || commit ? await this.#record(next, commit) : undefined;
    if (problem) return problem;
    if (this.#isForward) {
      this.#mark(step.name);
      this.#options.onStep(step.name);
    }
    this.#at = next;
    if (this.#isForward) this.#reach = Math.max(this.#reach, next);
    this.#startStep();
    return undefined;
  }

  #startStep(): void {
    this.#tries = noTries;
    this.#fallback = undefined;
  }

  /** Writes the commit and the cursor, or the end, together. */
  async #record(next: number, commit: Commit | undefined): Promise<Problem | undefined> {
    let problem: Problem | undefined;
    try {
      await this.#options.write(async (transaction, row) => {
        problem = undefined;
        await commit?.(transaction).catch((error: unknown) => {
          problem = { error };
          throw error;
        });
        if (this.#steps[next]) await transaction.put('workflow', this.#rowAt(row, next));
        else await transaction.delete('workflow', row.id);
      });
    } catch (error) {
      // The store rethrows what the commit threw as it is; everything else is the store's own failure.
      if (problem?.error === error) return problem;
      throw error;
    }
    return undefined;
  }

  #rowAt(row: Workflow, at: number, retries: Readonly<Record<string, number>> = {}): Workflow {
    const { retries: _, parked: __, ...rest } = row;
    const step = this.#steps[at]?.name ?? row.step;
    return { ...rest, step, ...(Object.keys(retries).length > 0 ? { retries } : {}) };
  }

  /** After a failed try: another one, the fallback, or the way back. */
  async #handle(
    step: PreparedStep<Context>,
    action: PreparedAction<Context> | undefined,
    { error }: Problem,
  ): Promise<RunEnd | undefined> {
    const failure = failureOf(error, this.#options.nameOf);
    const { code } = failure;
    const elapsedMs = this.#options.clock.elapsed();
    const rules = action?.retry ?? [];
    this.#tries = countFailure(this.#tries, code, elapsedMs);
    const next = nextTry(rules, { code, tries: this.#tries, elapsedMs });
    const then = next ? 'trying again' : action?.fallback ? 'falling back' : 'unwinding';
    this.#log(step, { then, code, error });
    if (next) return await this.#tryAgain(rules, next, failure);
    if (action?.fallback) {
      const instead = { perform: action.fallback, retry: [untilDone] };
      this.#fallback = { action: instead, failure };
      this.#tries = noTries;
      return undefined;
    }
    // The rules of undo actions, and of work that is never given up, end with one for all codes.
    invariant(this.#isForward && this.#onFailure === 'unwind', `${step.name} can be given up`);
    return await this.#unwind(failure);
  }

  async #tryAgain(
    rules: PreparedAction<Context>['retry'],
    { rule, pauseMs }: NextTry,
    failure: Failure,
  ): Promise<RunEnd | undefined> {
    const retries = countsToKeep(rules, this.#tries);
    const write = (change: Partial<Workflow>) =>
      this.#options.write(async (transaction, row) => {
        const next = { ...this.#rowAt(row, this.#at, retries), ...change };
        await transaction.put('workflow', next);
        return next;
      });
    if (rule.yields) {
      const row = await write({ sequence: this.#options.drawSequence() });
      return { kind: 'yielded', row, pauseMs, failure };
    }
    if (Object.keys(retries).length > 0) await write({});
    await this.#options.pause(pauseMs, failure);
    return undefined;
  }

  async #unwind(failure: Failure): Promise<undefined> {
    await this.#options.write(async (transaction, row) => {
      const next = { ...this.#rowAt(row, this.#reach), state: 'unwinding', failure } as const;
      await transaction.put('workflow', next);
    });
    this.#isForward = false;
    this.#failure = failure;
    this.#at = this.#reach;
    this.#tries = noTries;
  }

  /** The first failures and every doubling of their number: a failure that lasts for hours must not fill the log. */
  #log(
    step: PreparedStep<Context>,
    { then, ...fields }: { then: string; code: string; error: unknown },
  ): void {
    const failures = failuresIn(this.#tries);
    if (then === 'trying again' && Math.log2(failures) % 1 !== 0) return;
    const { id, kind } = this.#row;
    this.#options.logger.log('warn', `workflow step failed, ${then}`, {
      workflow: id,
      kind,
      step: step.name,
      failures,
      ...fields,
    });
  }
}

const failuresIn = ({ counts }: Tries) =>
  Object.values(counts).reduce((total, each) => total + each, 0);
