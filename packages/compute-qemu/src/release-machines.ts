import type { ControlGroups, JailUsers } from '@bakehouse/host';
import { listMachineFolders, machineFolder } from './machine-files.ts';
import { endMachineGroup } from './machine-group.ts';

/** What the host keeps for machines outside of their folders. */
export interface MachineTraces {
  readonly users: JailUsers;
  readonly groups: ControlGroups;
}

/** Removes from the host what it keeps for the machine of this folder, which has ended. The folder stays. */
export async function releaseMachine(
  folder: string,
  { users, groups }: MachineTraces,
): Promise<void> {
  await endMachineGroup(groups, folder);
  await users.release(folder);
}

/** The same for every machine below `directory`. */
export async function releaseMachines(directory: string, traces: MachineTraces): Promise<void> {
  for (const instanceId of await listMachineFolders(directory)) {
    await releaseMachine(machineFolder(directory, instanceId), traces);
  }
}
