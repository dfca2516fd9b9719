import { rm } from 'node:fs/promises';
import type { MachineKeeper } from '@bakehouse/domain';
import { listMachineFolders, machineFolder } from './machine-files.ts';
import { findMachineProcess } from './machine-process.ts';

/** The folders of machines. Needs no connection to any of them, so `doctor` uses it without a driver. */
export function machineKeeper(directory: string): MachineKeeper {
  return {
    kept: () => listMachineFolders(directory),
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
