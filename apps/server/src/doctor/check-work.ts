import type { AdminResult } from '@bakehouse/admin-api';
import { messageOf } from '@bakehouse/base';
import type { Check } from './check.ts';

export type ParkedWork = Pick<
  AdminResult<'WorkflowList'>['workflows'][number],
  'workflowId' | 'kind' | 'lanes' | 'problem'
>;

/** One line for each piece of parked work. Only the server that runs the workflows knows. */
export async function checkWork(
  askServer: () => Promise<readonly ParkedWork[]>,
): Promise<readonly Check[]> {
  const common = { area: 'data', name: 'work' } as const;
  try {
    const parked = await askServer();
    if (parked.length === 0) return [{ ...common, status: 'ok', detail: 'none is parked' }];
    return parked.map(({ workflowId, kind, lanes, problem }) => ({
      ...common,
      status: 'fail',
      detail: `${workflowId} (${kind}) on ${lanes.join(', ')} is parked: ${problem?.message}`,
      remedy: `run the version of Bakehouse that began it, or: bakehouse workflows drop ${workflowId}`,
    }));
  } catch (error) {
    return [{ ...common, status: 'warn', detail: `the server was not asked: ${messageOf(error)}` }];
  }
}
