import { apiError } from '@bakehouse/domain';
import { type WorkItem, WorkNotFoundError } from '@bakehouse/workflow-engine';
import { endLostBakes } from '../reconcilers/lost-bakes.ts';
import type { AdminHandler } from './admin-handler.ts';

/** Work as the operator's calls show it. */
function shown({ workflow, step, status, problem }: WorkItem) {
  const { id, kind, version, lanes, state, createdAt } = workflow;
  const unwinding = state === 'unwinding';
  const item = { workflowId: id, kind, version, step, status, unwinding, lanes, createdAt };
  return problem ? { ...item, problem } : item;
}

/** A call about work that exists, and is in a state for it. */
async function about<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof WorkNotFoundError)) throw error;
    throw apiError('InvalidParameterValue', {
      message: `${error.message}; 'bakehouse workflows' lists what exists`,
    });
  }
}

export const workflowList: AdminHandler<'WorkflowList'> = async ({ engine }, { status }) => ({
  workflows: engine.list(status).map(shown),
});

export const workflowRetry: AdminHandler<'WorkflowRetry'> = async ({ engine }, { workflowId }) => {
  const problem = await about(engine.retry(workflowId));
  return { workflowId, ...(problem ? { problem } : {}) };
};

export const workflowDrop: AdminHandler<'WorkflowDrop'> = async (context, { workflowId }) => {
  await about(context.engine.drop(workflowId));
  await endLostBakes(context);
  return { workflowId };
};
