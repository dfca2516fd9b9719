import {
  defaultCpuOptions,
  findInstanceType,
  type HostId,
  interfacesOf,
  type MetadataReader,
} from '@bakehouse/domain';
import { portOf } from './memory-network.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

const firstPid = 1_000;

/** The machines that an earlier simulation of the host must have had for its records to be true: they outlive it. */
export async function restoredMachines(
  reader: MetadataReader,
  hostId: HostId,
): Promise<readonly SimulatedMachine[]> {
  const instances = await reader.list('instance', { where: { state: ['running'] } });
  const machines: SimulatedMachine[] = [];
  for (const instance of instances) {
    if (instance.hostId !== hostId) continue;
    const type = findInstanceType(instance.instanceType);
    const [first, ...others] = (await interfacesOf(reader, instance.id))
      .filter(({ attachment }) => attachment?.state === undefined)
      .map(({ id, macAddress }) => ({ nicId: id, macAddress, port: portOf(id) }));
    if (!type || !first) continue;
    const disks = instance.volumes.map(({ deviceName, volumeId }) => ({ deviceName, volumeId }));
    const nics = [first, ...others] as const;
    machines.push({
      spec: {
        instanceId: instance.id,
        generation: instance.generation,
        instanceType: type.name,
        architecture: instance.architecture,
        cpus: instance.cpuOptions ?? defaultCpuOptions(type),
        memoryMiB: type.memoryMiB,
        disks,
        ephemeralDisks: [],
        nics,
      },
      pid: firstPid + machines.length,
      state: 'running',
      disks,
      nics,
      boots: 1,
      startedAt: instance.launchedAt,
    });
  }
  return machines;
}
