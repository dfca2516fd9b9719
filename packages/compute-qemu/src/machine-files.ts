import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { readFolderIfExists } from '@bakehouse/host';

/**
 * Every name in an instance's folder. QEMU runs inside the folder and gets the bare names, so the addresses of its
 * sockets are short however long the path of the folder is.
 */
export const machineFileNames = {
  /** What was asked for: see machine-record.ts. */
  record: 'machine.json',
  /** Written by bubblewrap: the id of QEMU's process. */
  jail: 'jail.json',
  /** Written and locked by QEMU, so a second QEMU in this folder does not start. In a jail, all have the same id. */
  pid: 'pid',
  /** The driver's monitor. */
  monitor: 'qmp.sock',
  /** The monitor for live work on disks. */
  disksMonitor: 'disks.sock',
  /** What the guest wrote to its serial port, and the end of what was cut off: see console-log.ts. */
  serial: 'serial.log',
  serialBefore: 'serial.before',
  /** Where in it the last start or reset begins: see console-since.ts. */
  consoleStart: 'console.json',
  /** When its last start passed its stages: see boot-watch.ts. */
  boot: 'boot.json',
  /** Errors and warnings of QEMU. */
  log: 'qemu.log',
  /** Why QEMU ended: see exit-reason.ts. */
  shutdowns: 'shutdown.log',
  /** Says that the owner ended the machine of this generation. */
  killed: 'killed.json',
  /** Says that the guest of this generation is stopped for good: see guest-hold.ts. */
  halted: 'halted.json',
  /** Says that the guest of this generation is paused for others' sake: see guest-hold.ts. */
  hold: 'hold.json',
  screen: 'screen.ppm',
  /** What was kept of the guest's memory and devices, and of which hardware: see kept-memory.ts. */
  memory: 'memory.state',
  /** The same while it is written. */
  memoryPart: 'memory.state.part',
  memoryFacts: 'memory.json',
  /** Says that the guest has begun that was to go on from memory: see memory-use.ts. */
  memoryUse: 'memory.used',
  /** Where QEMU writes its memory to, while it is kept. */
  memorySocket: 'memory.sock',
  /** Says that a fork's guest has no network card of its own yet: see fork-card.ts. */
  forkCard: 'fork-card.json',
  /** Where QEMU lets the guest's memory be written, while it is. */
  debugSocket: 'debug.sock',
} as const;

export const ephemeralDiskName = (index: number): string => `ephemeral-${index}.raw`;
export const isEphemeralDiskName = (name: string): boolean => /^ephemeral-\d+\.raw$/.test(name);

const namesOfQemu: readonly string[] = [
  machineFileNames.pid,
  machineFileNames.monitor,
  machineFileNames.disksMonitor,
  machineFileNames.serial,
  machineFileNames.shutdowns,
  // While a start is repeated, a picture may be on its way.
  machineFileNames.screen,
  // So may the fresh secrets of a fork's guest.
  machineFileNames.debugSocket,
];

/** Whether QEMU's own user has this file or socket; all others are root's. */
export const isNameOfQemu = (name: string): boolean =>
  namesOfQemu.includes(name) || isEphemeralDiskName(name);

/** The folder of an instance below the folder of all of them. */
export function machineFolder(directory: string, instanceId: InstanceId): string {
  if (!isResourceId('i', instanceId)) throw new RangeError(`'${instanceId}' is not an instance id`);
  return join(directory, instanceId);
}

/** The QMP socket for live work on the disks of a running machine. */
export function disksSocketPath(directory: string, instanceId: InstanceId): string {
  return join(machineFolder(directory, instanceId), machineFileNames.disksMonitor);
}

/** Every instance with something on disk, whether its machine runs or not. */
export async function listMachineFolders(directory: string): Promise<readonly InstanceId[]> {
  const names = await readFolderIfExists(directory);
  return names.filter((name): name is InstanceId => isResourceId('i', name)).sort();
}
