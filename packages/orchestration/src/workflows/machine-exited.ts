import { type Commit, defineWorkflow } from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import { endInstanceWorkflow } from './end-instance.ts';
import { inputFields, inputReader } from './input.ts';
import { instancePlace } from './instance-record.ts';
import { hasMachine } from './machine-exit.ts';
import type { StateReason } from './state-reason.ts';

const { generation, instanceId } = inputFields;

const readInput = inputReader({
  instanceId,
  generation,
  reason: v.picklist(['guest-shutdown', 'killed', 'crashed']),
  detail: v.exactOptional(v.string()),
});
export type MachineExitedInput = ReturnType<typeof readInput>;

/** In EC2's words: the guest did it, or the host did. */
function endReason({ reason, detail }: MachineExitedInput): StateReason {
  if (reason === 'guest-shutdown') {
    const code = 'Client.InstanceInitiatedShutdown';
    return { code, message: `${code}: Instance initiated shutdown` };
  }
  const code = 'Server.InternalError';
  return { code, message: `${code}: the virtual machine ended by itself: ${detail ?? reason}` };
}

/**
 * A machine ended that nobody asked to end. This runs in the instance's lane, so a stop or an image that is being made is
 * over by then: when the machine is back, or the record says otherwise, there is nothing to do.
 */
async function settleExit(
  context: WorkflowContext,
  input: MachineExitedInput,
): Promise<Commit | undefined> {
  const { instanceId, generation, reason } = input;
  if (await hasMachine(context, instanceId)) return undefined;
  return async (tx) => {
    const instance = await tx.get('instance', instanceId);
    if (instance?.state !== 'running' || instance.generation !== generation) return;
    const terminate = reason === 'guest-shutdown' && instance.shutdownBehavior === 'terminate';
    const stateReason = endReason(input);
    const end = { state: terminate ? 'terminated' : 'stopped', stateReason } as const;
    const state = terminate ? 'shutting-down' : 'stopping';
    await tx.put('instance', { ...instance, state, stateReason });
    await endInstanceWorkflow.enqueue(tx, { instanceId, force: true, end });
  };
}

export const machineExitedWorkflow = defineWorkflow<WorkflowContext, MachineExitedInput>({
  kind: 'machine-exited',
  version: 1,
  readInput,
  place: (reader, { instanceId }) => instancePlace(reader, instanceId),
  onFailure: 'retry',
  steps: [{ name: 'settle', run: settleExit }],
});
