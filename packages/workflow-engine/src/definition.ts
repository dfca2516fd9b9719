import { invariant, type TimestampMs } from '@bakehouse/base';
import type {
  Failure,
  HostId,
  MetadataReader,
  RegionName,
  Workflow,
  WorkflowId,
} from '@bakehouse/domain';
import { type RetryRule, untilDone } from './retry-rule.ts';
import type { ControlTransaction } from './transaction.ts';

/** Changes records in the transaction that also moves the workflow past the step. May run more than once. */
export type Commit = (transaction: ControlTransaction) => Promise<void>;

/** A moment of this run. */
export interface WorkMark {
  readonly name: string;
  readonly at: TimestampMs;
}

/** What a step may know of the work that it is part of. */
export interface WorkInProgress {
  readonly id: WorkflowId;
  /** When the work was enqueued. */
  readonly createdAt: TimestampMs;
  /**
   * When this run began (`began`), its steps that are done, by their names, and what steps have marked; in order.
   * What an earlier run did, on this server or another, is missing. In memory only: a step that wants them kept
   * commits them.
   */
  readonly marks: readonly WorkMark[];
  /** Adds a mark. Beyond the limit of a run it does nothing. */
  mark(name: string): void;
  /** Aborted when the server stops or loses its lease. The step is run again by the next one. */
  readonly signal: AbortSignal;
  /** 1 for the first try of this step, and more after failures. */
  readonly attempt: number;
  /** Why the work is being undone, or, in a `fallback`, why the action failed; else absent. */
  readonly failure?: Failure;
  /**
   * A transaction in the middle of a step, for what must be recorded before the step ends. Rejects without any change
   * when another server has taken the work over.
   */
  write<Result>(work: (transaction: ControlTransaction) => Promise<Result>): Promise<Result>;
  /** The work that waits behind this one, in any of its lanes, in order. */
  waitingBehind(): readonly Workflow[];
  /**
   * Takes a share as a step that `uses` the resource does, for steps that may give up while they wait: rejects when
   * `signal` is aborted. Resolves with the function that gives it back.
   */
  takeShare(resource: string, signal: AbortSignal): Promise<() => void>;
}

type Perform<Context, Input> = (
  context: Context,
  input: Input,
  work: WorkInProgress,
) => Promise<Commit | undefined> | Promise<void>;

interface ActionWithRules<Context, Input> {
  readonly perform: Perform<Context, Input>;
  /** The first rule that names the failure's code applies; without one the failure is final. */
  readonly retry?: readonly RetryRule[];
  /** Runs in place of an action whose tries are used up; then the work goes on as if that had succeeded. */
  readonly fallback?: Perform<Context, Input>;
}

export type Action<Context, Input> = Perform<Context, Input> | ActionWithRules<Context, Input>;

/**
 * One thing to do and how to take it back. After a crash both may run again, and `undo` may run although `run` never
 * did: they must be harmless then. A first step without `run` takes back what the request committed.
 *
 * An action that returns a commit moves the workflow on in the same transaction. After another, nothing is written:
 * the next server repeats the step.
 */
export interface WorkflowStep<Context, Input, Class extends string> {
  readonly name: string;
  readonly run?: Action<Context, Input>;
  readonly undo?: Action<Context, Input>;
  /** Which limited resource of the host the step takes a share of, see `Widths`. */
  readonly uses?: Class;
  /** Records that the step is done, although it commits nothing: for steps that are costly to repeat. */
  readonly save?: boolean;
}

/** Where the work belongs. */
interface Place {
  readonly region: RegionName;
  /** The host whose drivers it needs. Missing: any server can do it. */
  readonly hostId?: HostId;
  /** What it must have for itself: work that shares a lane runs one after the other. */
  readonly lanes: readonly string[];
}

/** What a row of an earlier version says, and its counterpart in the next version. */
export type EarlierRow = Pick<Workflow, 'input' | 'step'>;

export interface WorkflowPlan<Context, Input extends object, Class extends string> {
  readonly kind: string;
  /** Begins at 1; grows when the input changes its shape, or a step its name or meaning. */
  readonly version: number;
  /** Converts a row of version N to N + 1, by N. Rows of versions that are not here are parked. */
  readonly earlier?: Readonly<Record<number, (row: EarlierRow) => EarlierRow>>;
  /** The input as read back from the row. Throws when it is not what this version writes. */
  readonly readInput: (value: unknown) => Input;
  /** Derived from the input and the records as they are when the work is enqueued. */
  readonly place: (reader: MetadataReader, input: Input) => Promise<Place>;
  /**
   * What a failing step does, when its retry rules give up. `unwind`: the steps are undone, last first (the failing
   * one too, since it may have done half). `retry`: it is tried again until it succeeds.
   */
  readonly onFailure: 'unwind' | 'retry';
  readonly steps: readonly WorkflowStep<Context, Input, Class>[];
}

export interface PreparedAction<Context> {
  readonly retry: readonly RetryRule[];
  perform(context: Context, work: WorkInProgress): Promise<Commit | undefined>;
  fallback?(context: Context, work: WorkInProgress): Promise<Commit | undefined>;
}

/** A step with its input. */
export interface PreparedStep<Context> {
  readonly name: string;
  readonly run?: PreparedAction<Context>;
  readonly undo?: PreparedAction<Context>;
  readonly uses?: string;
  readonly save: boolean;
}

/** A definition without its input's type, so that those of all kinds are in one table. */
export interface AnyWorkflowDefinition<Context> {
  readonly kind: string;
  readonly version: number;
  readonly onFailure: 'unwind' | 'retry';
  readonly stepNames: readonly string[];
  /** What its steps can do, for tests that try each of them. */
  readonly actions: readonly { readonly step: string; readonly direction: 'run' | 'undo' }[];
  readonly earlier: Readonly<Record<number, (row: EarlierRow) => EarlierRow>>;
  /** The steps for this input. Throws when it is not what this version writes. */
  prepare(input: unknown): readonly PreparedStep<Context>[];
}

export interface WorkflowDefinition<Context, Input extends object>
  extends AnyWorkflowDefinition<Context> {
  /**
   * Commits the work with the transaction; it begins when its lanes are free. `id`: drawn by the caller, whose records
   * name the work.
   */
  enqueue(transaction: ControlTransaction, input: Input, id?: WorkflowId): Promise<WorkflowId>;
  /** The input of a row of this kind; undefined for rows of other kinds or versions. */
  inputOf(row: Workflow): Input | undefined;
}

export function defineWorkflow<Context, Input extends object, Class extends string = never>(
  plan: WorkflowPlan<Context, Input, Class>,
): WorkflowDefinition<Context, Input> {
  const { kind, version, steps, readInput, place, onFailure, earlier = {} } = plan;
  const stepNames = steps.map(({ name }) => name);
  const [first] = stepNames;
  invariant(first !== undefined, `the workflow ${kind} has a step`);
  invariant(
    new Set(stepNames).size === stepNames.length,
    `the steps of ${kind} have names of their own`,
  );
  return {
    kind,
    version,
    onFailure,
    stepNames,
    actions: steps.flatMap(({ name: step, run, undo }) => [
      ...(run ? [{ step, direction: 'run' as const }] : []),
      ...(undo ? [{ step, direction: 'undo' as const }] : []),
    ]),
    earlier,
    prepare(value) {
      const input = readInput(value);
      return steps.map((step) => prepareStep(step, input, onFailure));
    },
    inputOf: (row) =>
      row.kind === kind && row.version === version ? readInput(row.input) : undefined,
    async enqueue(transaction, input, id) {
      const where = await place(transaction, input);
      const row = {
        ...where,
        kind,
        version,
        step: first,
        input: Object.fromEntries(Object.entries(input)),
        ...(id === undefined ? {} : { id }),
      };
      return await transaction.begin(row);
    },
  };
}

function prepareStep<Context, Input, Class extends string>(
  { name, run, undo, uses, save = false }: WorkflowStep<Context, Input, Class>,
  input: Input,
  onFailure: 'unwind' | 'retry',
): PreparedStep<Context> {
  return {
    name,
    save,
    ...(uses === undefined ? {} : { uses }),
    ...(run ? { run: prepareAction(run, input, onFailure === 'retry' ? [untilDone] : []) } : {}),
    ...(undo ? { undo: prepareAction(undo, input, [untilDone]) } : {}),
  };
}

function prepareAction<Context, Input>(
  action: Action<Context, Input>,
  input: Input,
  lastRules: readonly RetryRule[],
): PreparedAction<Context> {
  const withRules = typeof action === 'function' ? { perform: action } : action;
  const { perform, retry = [], fallback } = withRules;
  const prepare =
    (run: Perform<Context, Input>) => async (context: Context, work: WorkInProgress) => {
      const commit = await run(context, input, work);
      return typeof commit === 'function' ? commit : undefined;
    };
  return {
    // A fallback takes the place of trying for ever.
    retry: fallback ? retry : [...retry, ...lastRules],
    perform: prepare(perform),
    ...(fallback ? { fallback: prepare(fallback) } : {}),
  };
}
