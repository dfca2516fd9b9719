import { invariant } from '@bakehouse/base';
import {
  defaultCpuOptions,
  findInstanceType,
  type Instance,
  type InstanceId,
  type MachineDisk,
  type MachineNic,
  type MachineSpec,
  type MetadataReader,
  machineStores,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import type { InstanceNetwork, InterfaceNetwork } from './instance-metadata.ts';
import { nicOf, readInstanceNetwork } from './instance-network.ts';

/** Leaves out volumes that are still `attaching`: the attachment waits for this lane, then adds them. */
async function machineDisks(
  reader: MetadataReader,
  { volumes, root }: Instance,
): Promise<MachineDisk[]> {
  const disks: MachineDisk[] = [];
  for (const { deviceName, volumeId } of volumes) {
    const volume = await reader.get('volume', volumeId);
    if (volume?.attachment?.state === 'attaching') continue;
    disks.push({
      deviceName,
      volumeId,
      ...(deviceName === root.deviceName ? { bootIndex: 0 } : {}),
    });
  }
  return disks;
}

/** Plugging again returns the port that exists. */
async function machineNic(
  { network }: WorkflowContext,
  facts: InterfaceNetwork,
): Promise<MachineNic> {
  const { id: nicId, macAddress } = facts.nic;
  return { nicId, macAddress, port: await network.plug(nicOf(facts)) };
}

async function machineNics(
  context: WorkflowContext,
  [primary, ...others]: InstanceNetwork['interfaces'],
): Promise<MachineSpec['nics']> {
  const first = await machineNic(context, primary);
  const further: MachineNic[] = [];
  for (const facts of others) further.push(await machineNic(context, facts));
  return [first, ...further];
}

/** The first start of a launch goes on from a template, or as a fork; later ones boot what is on the disk. */
function memoryOf(
  { fastLaunch, forkedFrom }: Instance,
  generation: number,
): Pick<MachineSpec, 'memoryOf' | 'forkOf'> {
  if (generation !== 1) return {};
  if (forkedFrom) return { forkOf: forkedFrom.instanceId };
  const isFast = fastLaunch !== undefined && 'memoryOf' in fastLaunch;
  return isFast ? { memoryOf: fastLaunch.memoryOf } : {};
}

/** The machine of an instance, apart from its network cards. */
function machineWithoutCards(
  instance: Instance,
  { disks, generation }: { readonly disks: MachineDisk[]; readonly generation: number },
): MachineSpec {
  const type = findInstanceType(instance.instanceType);
  invariant(type, `instance type ${instance.instanceType} is known`);
  return {
    instanceId: instance.id,
    generation,
    instanceType: instance.instanceType,
    architecture: instance.architecture,
    cpus: instance.cpuOptions ?? defaultCpuOptions(type),
    memoryMiB: type.memoryMiB,
    disks,
    ephemeralDisks: machineStores(type, instance.ephemeralDisks),
    nics: [],
    ...memoryOf(instance, generation),
  };
}

/** The machine of an instance that runs. */
export async function runningMachine(
  reader: MetadataReader,
  instance: Instance,
): Promise<MachineSpec> {
  const disks = await machineDisks(reader, instance);
  return machineWithoutCards(instance, { disks, generation: instance.generation });
}

/** Starts the machine of an instance whose disks, NICs and metadata exist. Repeatable. */
export async function startMachine(
  context: WorkflowContext,
  { instanceId, generation }: { instanceId: InstanceId; generation: number },
): Promise<void> {
  const { facts, disks } = await context.metadata.read(async (reader) => {
    const facts = await readInstanceNetwork(reader, instanceId);
    return { facts, disks: await machineDisks(reader, facts.instance) };
  });
  const { instance, interfaces } = facts;
  const nics = await machineNics(context, interfaces);
  await context.compute.start({ ...machineWithoutCards(instance, { disks, generation }), nics });
}
