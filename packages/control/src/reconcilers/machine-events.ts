import type { InstanceId, MachineEvent } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { changeInstance } from '../workflows/instance-record.ts';
import { type MachineExitedInput, machineExitedKind } from '../workflows/machine-exited.ts';

type EventContext = Pick<WorkflowContext, 'engine' | 'metadata' | 'logger' | 'clock'>;

/** Enqueues what a machine's end means for its instance. */
export async function enqueueExit(
  context: Pick<WorkflowContext, 'engine'>,
  input: MachineExitedInput,
): Promise<void> {
  await context.engine.write(async (tx) => {
    const instance = await tx.get('instance', input.instanceId);
    if (!instance || instance.generation !== input.generation) return;
    const { region, id } = instance;
    await tx.enqueue({ kind: machineExitedKind, region, lanes: [id], input: { ...input } });
  });
}

async function setImpaired(
  context: EventContext,
  instanceId: InstanceId,
  impaired: boolean,
): Promise<void> {
  await changeInstance(context, instanceId, (instance) => {
    if (!instance.status || instance.state !== 'running') return instance;
    const { impairedSince: _, ...rest } = instance.status;
    const since = impaired ? { impairedSince: context.clock.now() } : {};
    const instanceCheck = impaired ? 'impaired' : 'ok';
    return { ...instance, status: { ...rest, ...since, instance: instanceCheck } };
  });
}

type Handlers = {
  [Kind in MachineEvent['kind']]: (
    context: EventContext,
    event: Extract<MachineEvent, { kind: Kind }>,
  ) => Promise<void>;
};

const handlers: Handlers = {
  exited(context, { instanceId, generation, reason, detail }) {
    const input = { instanceId, generation, reason, ...(detail === undefined ? {} : { detail }) };
    return enqueueExit(context, input);
  },
  async paused(context, { instanceId, reason }) {
    context.logger.log('warn', 'guest paused', { instanceId, reason });
    await setImpaired(context, instanceId, true);
  },
  async resumed(context, { instanceId }) {
    context.logger.log('info', 'guest resumed', { instanceId });
    await setImpaired(context, instanceId, false);
  },
  async rebooted() {},
};

/** What a machine's event means for the records. */
export async function handleMachineEvent(
  context: EventContext,
  event: MachineEvent,
): Promise<void> {
  const handle = handlers[event.kind] as (context: EventContext, e: MachineEvent) => Promise<void>;
  await handle(context, event);
}
