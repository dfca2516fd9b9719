import { minuteMs } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import { shutDown } from './machine-exit.ts';
import { type EndState, releaseInstance } from './release-instance.ts';

export interface EndInstanceInput {
  readonly instanceId: InstanceId;
  /** Pulls the plug instead of pressing the power button. */
  readonly force: boolean;
  readonly end: EndState;
}

export const endInstanceKind = 'end-instance';

/** How long a guest may take to shut down before it is forced. */
export const shutdownLimitMs = { stopped: 2 * minuteMs, terminated: minuteMs / 2 };

/** Stop and terminate: the machine goes, then what it had. Never undone: it is tried until it is done. */
export const endInstance = defineWorkflow<WorkflowContext, EndInstanceInput>({
  kind: endInstanceKind,
  onFailure: 'retry',
  steps: [
    {
      name: 'machine',
      async run(context, { instanceId, force, end }, { signal }) {
        if (force) return await context.compute.kill(instanceId);
        await shutDown(context, instanceId, { limitMs: shutdownLimitMs[end.state], signal });
      },
    },
    {
      name: 'release',
      async run(context, { instanceId, end }) {
        await releaseInstance(context, instanceId, end);
      },
    },
  ],
});
