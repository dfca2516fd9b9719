import { GiB, invariant } from '@bakehouse/base';
import {
  findInstanceType,
  type Instance,
  type InstanceId,
  InsufficientCapacityError,
  type MachineDisk,
  type MachineSpec,
  type TapDevice,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { machineStores } from '../launch/ephemeral-disks.ts';
import { simulatedReason } from '../launch/simulated-reason.ts';
import { instanceMetadata } from '../views/instance-metadata.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import { nicOf, readInstanceFacts } from './instance-facts.ts';
import { changeInstance } from './instance-record.ts';
import { releaseInstance } from './release-instance.ts';
import { wakeHydration } from './volume-record.ts';

export interface StartInstanceInput {
  readonly instanceId: InstanceId;
  readonly generation: number;
  /** True for RunInstances: a failure ends the instance; false for StartInstances: it stays stopped. */
  readonly firstLaunch: boolean;
}

export const startInstanceKind = 'start-instance';

/** The overlays of the instance's volumes: made for a launch, found for a start. */
async function createDisks(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  const { instance } = await context.metadata.read((tx) => readInstanceFacts(tx, input.instanceId));
  for (const { volumeId } of instance.volumes) {
    const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
    invariant(volume, `volume ${volumeId} of ${instance.id} has a record`);
    await context.volumes.create({
      volumeId,
      sizeBytes: volume.sizeGiB * GiB,
      ...(volume.originMapId ? { originMapId: volume.originMapId } : {}),
    });
  }
}

async function plugNic(context: WorkflowContext, input: StartInstanceInput): Promise<TapDevice> {
  const facts = await context.metadata.read((tx) => readInstanceFacts(tx, input.instanceId));
  return await context.network.plug(nicOf(facts));
}

async function publishMetadata(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  const facts = await context.metadata.read((tx) => readInstanceFacts(tx, input.instanceId));
  await context.publisher.publish(instanceMetadata(facts));
}

/** A volume whose attachment is still to come is brought by its own work, which waits for its lane. */
async function machineDisks(
  { metadata }: WorkflowContext,
  { volumes, rootDeviceName }: Instance,
): Promise<MachineDisk[]> {
  const disks: MachineDisk[] = [];
  for (const { deviceName, volumeId } of volumes) {
    const volume = await metadata.read((tx) => tx.get('volume', volumeId));
    if (volume?.attachment?.state === 'attaching') continue;
    disks.push({
      deviceName,
      volumeId,
      ...(deviceName === rootDeviceName ? { bootIndex: 0 } : {}),
    });
  }
  return disks;
}

async function machineSpec(
  context: WorkflowContext,
  input: Pick<StartInstanceInput, 'instanceId' | 'generation'>,
): Promise<MachineSpec> {
  const facts = await context.metadata.read((tx) => readInstanceFacts(tx, input.instanceId));
  const { instance, nic } = facts;
  const type = findInstanceType(instance.instanceType);
  invariant(type, `instance type ${instance.instanceType} is known`);
  return {
    instanceId: instance.id,
    generation: input.generation,
    instanceType: instance.instanceType,
    architecture: instance.architecture,
    vcpus: type.vcpus,
    memoryMiB: type.memoryMiB,
    disks: await machineDisks(context, instance),
    ephemeralDisks: machineStores(type, instance.ephemeralDisks),
    // Plugging again answers the tap that is there.
    nic: { macAddress: nic.macAddress, tap: await context.network.plug(nicOf(facts)) },
  };
}

const noCapacity = 'Insufficient capacity';

/** Starts the machine of an instance whose disks, NIC and metadata are there. Repeatable. */
export async function startMachine(
  context: WorkflowContext,
  input: Pick<StartInstanceInput, 'instanceId' | 'generation'>,
): Promise<void> {
  try {
    await context.compute.start(await machineSpec(context, input));
  } catch (error) {
    if (!(error instanceof InsufficientCapacityError)) throw error;
    throw new Error(`${noCapacity}: ${error.message}`, { cause: error });
  }
}

async function markRunning(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  const instance = await context.metadata.read((tx) => tx.get('instance', input.instanceId));
  if (input.firstLaunch && instance) {
    const ids = instance.volumes.map(({ volumeId }) => volumeId);
    await wakeHydration(context, ids);
  }
  await changeInstance(context, input.instanceId, (instance) => {
    if (instance.state !== 'pending') return instance;
    const { stateReason: _, ...rest } = instance;
    return {
      ...rest,
      state: 'running',
      stateTransitionReason: '',
      ...simulatedReason(context.settings),
      status: {
        system: 'initializing',
        instance: 'initializing',
        bootingSince: context.clock.now(),
      },
    };
  });
}

/** A start that failed: a new instance ends, an old one stays stopped, both saying why. */
async function giveUp(
  context: WorkflowContext,
  input: StartInstanceInput,
  work: WorkInProgress,
): Promise<void> {
  const failure = work.failure ?? 'unknown';
  const noRoom = failure.startsWith(noCapacity);
  const code = noRoom ? 'Server.InsufficientInstanceCapacity' : 'Server.InternalError';
  const stateReason = { code, message: `${code}: ${failure}` };
  const end = { stateReason, stateTransitionReason: code };
  await releaseInstance(context, {
    instanceId: input.instanceId,
    end: { ...end, state: input.firstLaunch ? 'terminated' : 'stopped' },
    failedLaunch: input.firstLaunch,
  });
}

type Run = (context: WorkflowContext, input: StartInstanceInput) => Promise<unknown>;

/** A start that was overtaken by a stop or terminate does nothing more: those wait for it. */
const whilePending =
  (run: Run) =>
  async (context: WorkflowContext, input: StartInstanceInput): Promise<void> => {
    const instance = await context.metadata.read((tx) => tx.get('instance', input.instanceId));
    if (instance?.state !== 'pending' || instance.generation !== input.generation) return;
    await run(context, input);
  };

async function connect(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  await plugNic(context, input);
  await context.policy.apply();
}

/** From a committed `pending` record to a machine that runs. */
export const startInstance = defineWorkflow<WorkflowContext, StartInstanceInput>({
  kind: startInstanceKind,
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: giveUp },
    { name: 'disks', run: whilePending(createDisks) },
    { name: 'network', run: whilePending(connect) },
    { name: 'metadata', run: whilePending(publishMetadata) },
    {
      name: 'machine',
      run: whilePending(startMachine),
      undo: (context, input) => context.compute.kill(input.instanceId),
    },
    { name: 'running', run: markRunning },
  ],
});
