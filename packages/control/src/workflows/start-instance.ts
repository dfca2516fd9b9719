import { GiB, invariant } from '@bakehouse/base';
import {
  findInstanceType,
  type InstanceId,
  type MachineSpec,
  type TapDevice,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { instanceMetadata } from '../views/instance-metadata.ts';
import { defineWorkflow, type WorkInProgress } from '../workflow/definition.ts';
import { nicOf, readInstanceFacts } from './instance-facts.ts';
import { changeInstance } from './instance-record.ts';
import { releaseInstance } from './release-instance.ts';

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
    disks: instance.volumes.map(({ deviceName, volumeId }) => ({
      deviceName,
      volumeId,
      ...(deviceName === instance.rootDeviceName ? { bootIndex: 0 } : {}),
    })),
    ephemeralDisks: [],
    // Plugging again answers the tap that is there.
    nic: { macAddress: nic.macAddress, tap: await context.network.plug(nicOf(facts)) },
  };
}

/** Starts the machine of an instance whose disks, NIC and metadata are there. Repeatable. */
export async function startMachine(
  context: WorkflowContext,
  input: Pick<StartInstanceInput, 'instanceId' | 'generation'>,
): Promise<void> {
  await context.compute.start(await machineSpec(context, input));
}

async function markRunning(context: WorkflowContext, input: StartInstanceInput): Promise<void> {
  await changeInstance(context, input.instanceId, (instance) => {
    if (instance.state !== 'pending') return instance;
    const { stateReason: _, ...rest } = instance;
    return {
      ...rest,
      state: 'running',
      stateTransitionReason: '',
      status: { system: 'initializing', instance: 'initializing' },
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
  const noRoom = failure.startsWith('Insufficient capacity');
  const code = noRoom ? 'Server.InsufficientInstanceCapacity' : 'Server.InternalError';
  const stateReason = { code, message: `${code}: ${failure}` };
  const stateTransitionReason = code;
  await releaseInstance(context, input.instanceId, {
    state: input.firstLaunch ? 'terminated' : 'stopped',
    stateReason,
    stateTransitionReason,
  });
}

/** From a committed `pending` record to a machine that runs. */
export const startInstance = defineWorkflow<WorkflowContext, StartInstanceInput>({
  kind: startInstanceKind,
  onFailure: 'unwind',
  steps: [
    { name: 'intent', run: async () => {}, undo: giveUp },
    { name: 'disks', run: createDisks },
    {
      name: 'network',
      async run(context, input) {
        await plugNic(context, input);
        await context.policy.apply();
      },
    },
    { name: 'metadata', run: publishMetadata },
    {
      name: 'machine',
      run: startMachine,
      async undo(context, input) {
        await context.compute.kill(input.instanceId);
      },
    },
    { name: 'running', run: markRunning },
  ],
});
