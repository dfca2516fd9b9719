import type { RegionName, Workflow } from '@bakehouse/domain';

/**
 * One thing to do and how to take it back. Both may run again after a crash: they must be repeatable. A first
 * step without `run` takes back what the request committed.
 */
export interface WorkflowStep<Context, Input> {
  readonly name: string;
  run?(context: Context, input: Input, work: WorkInProgress): Promise<void>;
  undo?(context: Context, input: Input, work: WorkInProgress): Promise<void>;
}

/** What a step may know of the work that it is part of. */
export interface WorkInProgress {
  readonly region: RegionName;
  /** Aborted when the control plane stops; the step is run again by the next one. */
  readonly signal: AbortSignal;
  /** Why the work is being undone; absent while it goes forward. */
  readonly failure?: string;
}

export interface WorkflowDefinition<Context, Input> {
  readonly kind: string;
  readonly steps: readonly WorkflowStep<Context, Input>[];
  /**
   * What a failing step does. `unwind`: the steps done are undone, last first (the failing one too, since it
   * may have done half). `retry`: it is tried again, with growing pauses, until it succeeds.
   */
  readonly onFailure: 'unwind' | 'retry';
}

/** Erases the input type, so that definitions of different inputs stand in one table. */
export type AnyWorkflowDefinition<Context> = WorkflowDefinition<Context, Workflow['input']>;

/** Types a definition by its input; the row keeps the input as JSON. */
export function defineWorkflow<Context, Input>(
  definition: WorkflowDefinition<Context, Input>,
): AnyWorkflowDefinition<Context> {
  return definition as unknown as AnyWorkflowDefinition<Context>;
}

/** Thrown by a step that cannot go on now but may later, in either kind of workflow. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly delayMs: number;

  constructor(message: string, delayMs: number) {
    super(message);
    this.delayMs = delayMs;
  }
}
