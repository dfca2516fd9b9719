import type { TimestampMs } from '@bakehouse/base';
import type { InstanceStatus, MachineEvent } from '@bakehouse/domain';
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

type StatusChange = (status: InstanceStatus) => InstanceStatus;

async function changeStatus(
  context: EventContext,
  { instanceId, generation }: Pick<MachineEvent, 'instanceId' | 'generation'>,
  change: StatusChange,
): Promise<void> {
  await changeInstance(context, instanceId, (instance) => {
    const { state, status } = instance;
    if (!status || state !== 'running' || instance.generation !== generation) return instance;
    return { ...instance, status: change(status) };
  });
}

/** The checks are made anew: a guest that goes on or boots has still to show that it answers. */
const checkedAnew =
  (bootingSince: TimestampMs): StatusChange =>
  ({ system }) => ({ system, instance: 'initializing', bootingSince });

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
  async paused(context, event) {
    const { instanceId, reason } = event;
    context.logger.log('warn', 'guest paused', { instanceId, reason });
    const impairedSince = context.clock.now();
    await changeStatus(context, event, ({ system }) => ({
      system,
      instance: 'impaired',
      disks: 'impaired',
      impairedSince,
    }));
  },
  async resumed(context, event) {
    context.logger.log('info', 'guest resumed', { instanceId: event.instanceId });
    await changeStatus(context, event, checkedAnew(context.clock.now()));
  },
  rebooted: (context, event) => changeStatus(context, event, checkedAnew(context.clock.now())),
};

/** What a machine's event means for the records. */
export async function handleMachineEvent(
  context: EventContext,
  event: MachineEvent,
): Promise<void> {
  const handle = handlers[event.kind] as (context: EventContext, e: MachineEvent) => Promise<void>;
  await handle(context, event);
}
