import type { Clock, Logger } from '@bakehouse/base';
import type { MetadataStore, Workflow } from '@bakehouse/domain';
import { type AnyWorkflowDefinition, RetryLater } from './definition.ts';

export interface RunOptions<Context> {
  readonly definition: AnyWorkflowDefinition<Context>;
  readonly context: Context;
  readonly metadata: MetadataStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called after a step is done and that is on disk. */
  readonly onStep: (workflow: Workflow, stepName: string) => void;
}

const retryDelayMs = { first: 200, max: 30_000 };

/** The pause before attempt `attempts + 1`: doubling, bounded. */
export function retryPauseMs(attempts: number): number {
  return Math.min(retryDelayMs.max, retryDelayMs.first * 2 ** Math.min(attempts, 16));
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Runs a workflow from its cursor to its end, forward or back, and deletes its row. */
export async function runWorkflow<Context>(
  start: Workflow,
  options: RunOptions<Context>,
): Promise<void> {
  let workflow = start;
  while (!isOver(workflow, options.definition)) {
    options.signal.throwIfAborted();
    workflow = await advance(workflow, options);
  }
}

function isOver<Context>(workflow: Workflow, definition: AnyWorkflowDefinition<Context>): boolean {
  if (workflow.state === 'unwinding') return workflow.cursor === 0;
  return workflow.cursor >= definition.steps.length;
}

async function advance<Context>(
  workflow: Workflow,
  options: RunOptions<Context>,
): Promise<Workflow> {
  const forward = workflow.state === 'running';
  const step = options.definition.steps[forward ? workflow.cursor : workflow.cursor - 1];
  const action = forward ? step?.run : step?.undo;
  try {
    await take(action, workflow, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    return await handleFailure(workflow, error, options);
  }
  // A store that cannot take the cursor is no failure of the step: the caller tries again from the row.
  const next = { ...workflow, cursor: workflow.cursor + (forward ? 1 : -1), attempts: 0 };
  if (isOver(next, options.definition)) {
    await options.metadata.write((tx) => tx.delete('workflow', next.id));
  } else if (action) {
    await options.metadata.write((tx) => tx.put('workflow', next));
  }
  if (forward && step) options.onStep(next, step.name);
  return next;
}

/** Runs a step's action or its undoing; where it has none, there is nothing to do, nor to record. */
async function take<Context>(
  action: AnyWorkflowDefinition<Context>['steps'][number]['undo'],
  { region, input, failure }: Workflow,
  { context, signal }: RunOptions<Context>,
): Promise<void> {
  await action?.(context, input, { region, signal, ...(failure === undefined ? {} : { failure }) });
}

async function handleFailure<Context>(
  workflow: Workflow,
  error: unknown,
  options: RunOptions<Context>,
): Promise<Workflow> {
  const { definition, metadata, clock, logger, signal } = options;
  const fields = { workflow: workflow.id, kind: workflow.kind, cursor: workflow.cursor, error };
  const mayUnwind = definition.onFailure === 'unwind' && workflow.state === 'running';
  if (mayUnwind && !(error instanceof RetryLater)) {
    logger.log('warn', 'workflow step failed, unwinding', fields);
    const failed = messageOf(error);
    const cursor = workflow.cursor + 1;
    const next: Workflow = {
      ...workflow,
      state: 'unwinding',
      cursor,
      attempts: 0,
      failure: failed,
    };
    await metadata.write((tx) => tx.put('workflow', next));
    return next;
  }
  const delayMs = error instanceof RetryLater ? error.delayMs : retryPauseMs(workflow.attempts);
  if (!(error instanceof RetryLater)) logger.log('warn', 'workflow step failed, retrying', fields);
  const next: Workflow = { ...workflow, attempts: workflow.attempts + 1 };
  await clock.sleep(delayMs, signal);
  return next;
}
