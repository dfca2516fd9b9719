import type { ExitReason, InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import { type EndInstanceInput, endInstanceKind } from './end-instance.ts';
import { instanceLanes } from './instance-lanes.ts';
import { hasMachine } from './machine-exit.ts';
import type { EndState } from './release-instance.ts';

export interface MachineExitedInput {
  readonly instanceId: InstanceId;
  readonly generation: number;
  readonly reason: ExitReason;
  readonly detail?: string;
}

export const machineExitedKind = 'machine-exited';

/** EC2's words: the guest did it, or the host did. */
function endReason({ reason, detail }: MachineExitedInput): NonNullable<EndState['stateReason']> {
  if (reason === 'guest-shutdown') {
    const code = 'Client.InstanceInitiatedShutdown';
    return { code, message: `${code}: Instance initiated shutdown` };
  }
  const code = 'Server.InternalError';
  return { code, message: `${code}: the virtual machine ended by itself: ${detail ?? reason}` };
}

/**
 * A machine went away that nobody asked to go. Runs in the instance's lane, so a stop or an image in the
 * making is over by then: when the machine is back, or the record says otherwise, there is nothing to do.
 */
async function settleExit(
  context: Pick<WorkflowContext, 'compute' | 'engine'>,
  input: MachineExitedInput,
): Promise<void> {
  if (await hasMachine(context, input.instanceId)) return;
  await context.engine.write(async (tx) => {
    const instance = await tx.get('instance', input.instanceId);
    if (instance?.state !== 'running' || instance.generation !== input.generation) return;
    const terminate =
      input.reason === 'guest-shutdown' && instance.shutdownBehavior === 'terminate';
    const stateReason = endReason(input);
    const end = { state: terminate ? 'terminated' : 'stopped', stateReason } as const;
    const state = terminate ? 'shutting-down' : 'stopping';
    await tx.put('instance', { ...instance, state, stateReason });
    const work: EndInstanceInput = { instanceId: instance.id, force: true, end };
    await tx.enqueue({
      kind: endInstanceKind,
      region: instance.region,
      lanes: instanceLanes(instance),
      input: { ...work },
    });
  });
}

export const machineExited = defineWorkflow<WorkflowContext, MachineExitedInput>({
  kind: machineExitedKind,
  onFailure: 'retry',
  steps: [{ name: 'settle', run: settleExit }],
});
