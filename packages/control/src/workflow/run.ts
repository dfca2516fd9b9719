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
  await options.metadata.write((tx) => tx.delete('workflow', workflow.id));
}

function isOver<Context>(workflow: Workflow, definition: AnyWorkflowDefinition<Context>): boolean {
  if (workflow.state === 'unwinding') return workflow.cursor === 0;
  return workflow.cursor >= definition.steps.length;
}

async function advance<Context>(
  workflow: Workflow,
  options: RunOptions<Context>,
): Promise<Workflow> {
  let stepName: string | undefined;
  try {
    stepName = await takeStep(workflow, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    return await handleFailure(workflow, error, options);
  }
  // A store that cannot take the cursor is no failure of the step: the caller tries again from the row.
  const forward = workflow.state === 'running';
  const next = { ...workflow, cursor: workflow.cursor + (forward ? 1 : -1), attempts: 0 };
  await options.metadata.write((tx) => tx.put('workflow', next));
  if (forward && stepName !== undefined) options.onStep(next, stepName);
  return next;
}

/** Runs or undoes the step at the cursor and answers its name. */
async function takeStep<Context>(
  workflow: Workflow,
  { definition, context, signal }: RunOptions<Context>,
): Promise<string | undefined> {
  const { region, input, failure } = workflow;
  const work = { region, signal, ...(failure === undefined ? {} : { failure }) };
  const forward = workflow.state === 'running';
  const step = definition.steps[forward ? workflow.cursor : workflow.cursor - 1];
  if (forward) await step?.run(context, input, work);
  else await step?.undo?.(context, input, work);
  return step?.name;
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
