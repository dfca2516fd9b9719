import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';

/**
 * Every name in an instance's folder. QEMU runs inside the folder and is given the bare names, so that its
 * sockets have short addresses however long the path of the folder is.
 */
export const machineFileNames = {
  /** What was asked for: see machine-record.ts. */
  record: 'machine.json',
  /** Written and locked by QEMU: a second QEMU in this folder does not start. */
  pid: 'pid',
  /** The driver's monitor. */
  monitor: 'qmp.sock',
  /** The monitor for live work on disks. */
  disksMonitor: 'disks.sock',
  /** What the guest wrote to its serial port, and what of it was cut off: see console-log.ts. */
  serial: 'serial.log',
  serialBefore: 'serial.before',
  /** What QEMU complains about. */
  log: 'qemu.log',
  /** Why QEMU ended: see exit-reason.ts. */
  shutdowns: 'shutdown.log',
  /** Says that the machine of this generation was ended by its owner. */
  killed: 'killed.json',
  screen: 'screen.ppm',
} as const;

export const ephemeralDiskName = (index: number): string => `ephemeral-${index}.raw`;
export const isEphemeralDiskName = (name: string): boolean => /^ephemeral-\d+\.raw$/.test(name);

/** The folder of an instance below the folder of all of them. */
export function machineFolder(directory: string, instanceId: InstanceId): string {
  if (!isResourceId('i', instanceId)) throw new RangeError(`'${instanceId}' is no instance id`);
  return join(directory, instanceId);
}

/** The QMP socket for live work on the disks of a running machine. */
export function disksSocketPath(directory: string, instanceId: InstanceId): string {
  return join(machineFolder(directory, instanceId), machineFileNames.disksMonitor);
}

/** Every instance of which something is kept on disk, whether it runs or not. */
export async function listMachineFolders(directory: string): Promise<readonly InstanceId[]> {
  const names: readonly string[] = await readdir(directory).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name): name is InstanceId => isResourceId('i', name)).sort();
}
