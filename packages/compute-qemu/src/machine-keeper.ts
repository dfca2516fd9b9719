import { rm } from 'node:fs/promises';
import type { MachineKeeper, MemoryOnDisk } from '@bakehouse/domain';
import { filesIn } from '@bakehouse/host';
import { listMachineFolders, machineFileNames, machineFolder } from './machine-files.ts';
import { findMachineProcess } from './machine-process.ts';

/** The folders of machines. Needs no connection to any of them, so `doctor` uses it without a driver. */
export function machineKeeper(directory: string): MachineKeeper {
  return {
    kept: () => listMachineFolders(directory),
    keptMemory: () => keptMemory(directory),
    async forget(instanceId) {
      const folder = machineFolder(directory, instanceId);
      const process = await findMachineProcess(folder);
      if (process !== undefined) {
        throw new Error(
          `cannot forget ${instanceId}: its machine runs as process ${process.pid}; end it first`,
        );
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const memoryNames: readonly string[] = [machineFileNames.memory, machineFileNames.memoryPart];

async function keptMemory(directory: string): Promise<readonly MemoryOnDisk[]> {
  const found: MemoryOnDisk[] = [];
  for (const instanceId of await listMachineFolders(directory)) {
    const files = await filesIn(machineFolder(directory, instanceId));
    const memory = files.filter(({ name }) => memoryNames.includes(name));
    if (memory.length === 0) continue;
    found.push({ instanceId, bytes: memory.reduce((sum, { bytes }) => sum + bytes, 0) });
  }
  return found;
}
