import type { TimestampMs } from '@bakehouse/base';
import type { Instance, InstanceStatus, MachineEvent, MetadataReader } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { isHere } from '../settings.ts';
import { changeInstance } from '../workflows/instance-record.ts';
import { type MachineExitedInput, machineExitedWorkflow } from '../workflows/machine-exited.ts';

type EventContext = Pick<
  ReconcilerContext,
  'engine' | 'metadata' | 'logger' | 'clock' | 'settings'
>;

/** In these states the machine was to end, and the work that ends it sees that it has. */
const ending: readonly Instance['state'][] = ['stopping', 'stopped', 'shutting-down', 'terminated'];

/** Enqueues the work that follows the end of an instance's machine, unless the instance is ending anyway. */
export async function enqueueExit(
  { engine, metadata, settings }: Pick<ReconcilerContext, 'engine' | 'metadata' | 'settings'>,
  input: MachineExitedInput,
): Promise<void> {
  const isNews = async (reader: MetadataReader) => {
    const instance = await reader.get('instance', input.instanceId);
    if (instance?.generation !== input.generation || !isHere(settings)(instance)) return false;
    return !ending.includes(instance.state);
  };
  if (!(await metadata.read(isNews))) return;
  await engine.write(async (tx) => {
    if (await isNews(tx)) await machineExitedWorkflow.enqueue(tx, input);
  });
}

type StatusChange = (status: InstanceStatus) => InstanceStatus;

async function changeStatus(
  context: EventContext,
  { instanceId, generation }: Pick<MachineEvent, 'instanceId' | 'generation'>,
  change: StatusChange,
): Promise<void> {
  await context.metadata.write((tx) =>
    changeInstance(tx, instanceId, (instance) => {
      const { state, status } = instance;
      if (!status || state !== 'running' || instance.generation !== generation) return instance;
      if (!isHere(context.settings)(instance)) return instance;
      return { ...instance, status: change(status) };
    }),
  );
}

/** Restarts the checks: a guest that resumed or booted must show again that it responds. */
const checkedAgain =
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
      pausedBecause: reason,
      impairedSince,
    }));
  },
  async resumed(context, event) {
    context.logger.log('info', 'guest resumed', { instanceId: event.instanceId });
    await changeStatus(context, event, checkedAgain(context.clock.now()));
  },
  async rebooted(context, event) {
    const again = checkedAgain(context.clock.now());
    // A reset leaves a paused guest paused.
    await changeStatus(context, event, (status) => (status.pausedBecause ? status : again(status)));
  },
};

/** What a machine's event means for the records. */
export async function handleMachineEvent(
  context: EventContext,
  event: MachineEvent,
): Promise<void> {
  const handle = handlers[event.kind] as (context: EventContext, e: MachineEvent) => Promise<void>;
  await handle(context, event);
}
