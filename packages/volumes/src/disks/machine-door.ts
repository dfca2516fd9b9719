import { chmod, chown, link, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { InstanceId, MachineFile, VolumeId } from '@bakehouse/domain';
import {
  exists,
  filesIn,
  type JailFolder,
  readFolderIfExists,
  statIfExists,
} from '@bakehouse/host';
import type { VolumeContext } from '../volume-context.ts';

/** Its group may pass through and use names that it knows, and neither list nor change them. */
const doorMode = 0o710;
/** The machine makes the socket of its NBD server here. */
const socketFolderMode = 0o770;

/** The folder for a machine's own sockets. Machines of a release without jails have none. */
export function machineSocketFolder(context: VolumeContext, instanceId: InstanceId): string {
  return join(context.runtimeDirectory, instanceId);
}

/**
 * Makes a machine's *door*: a folder of hard links to the files of its disks, which its jail has from the start, so
 * that what is linked later is there at once. A link costs nothing to make, and the other files of a volume's folder
 * stay outside. Hot files behind disks are linked, too (hand-hot-file.ts). Returns the folders that the jail needs.
 */
export async function openDoor(
  context: VolumeContext,
  instanceId: InstanceId,
): Promise<readonly JailFolder[]> {
  const user = await context.machineUser(instanceId);
  const door = context.paths.door(instanceId);
  const sockets = machineSocketFolder(context, instanceId);
  for (const [path, mode] of [
    [door, doorMode],
    [sockets, socketFolderMode],
  ] as const) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, 0, user);
    await chmod(path, mode);
  }
  return [
    { path: door, writable: true },
    { path: sockets, writable: true },
    { path: dirname(context.exporterSocketPath), writable: false },
  ];
}

/**
 * Gives a file of a disk to a machine's user, and to nobody else. Returns the path by which the machine has it: the
 * file's own path for a machine of a release without jails.
 */
export async function passThroughDoor(
  context: VolumeContext,
  instanceId: InstanceId,
  { path, name }: { readonly path: string; readonly name: string },
): Promise<string> {
  const door = context.paths.door(instanceId);
  await takeFromDoors(context, name);
  if (!(await exists(door))) {
    await chown(path, 0, 0);
    return path;
  }
  const user = await context.machineUser(instanceId);
  await chown(path, user, user);
  const inside = join(door, name);
  await link(path, inside);
  return inside;
}

/** Takes a disk from a machine that has closed it. */
export async function takeFromMachine(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  await takeHotFromDoors(context, volumeId);
  await takeFromDoors(context, diskNameInDoor(volumeId));
  const path = context.paths.disk(volumeId);
  if (await exists(path)) await chown(path, 0, 0);
}

/** Removes a fleece of a disk, and every machine's link to it. */
export async function removeFleece(context: VolumeContext, path: string): Promise<void> {
  await takeFromDoors(context, fleeceNameInDoor(path));
  await rm(path, { force: true });
}

/** Removes the links of this name, whichever machine has them. */
export async function takeFromDoors(context: VolumeContext, name: string): Promise<void> {
  for (const instanceId of await readFolderIfExists(context.paths.doors)) {
    await rm(join(context.paths.doors, instanceId, name), { force: true });
  }
}

/** Removes machines' links to the hot file behind a disk. */
export async function takeHotFromDoors(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  await takeFromDoors(context, hotNameInDoor(volumeId));
}

/** Removes every link to a file, by whatever name: otherwise its space stays in use after its own name is gone. */
export async function takeFileFromDoors(context: VolumeContext, path: string): Promise<void> {
  const file = await statIfExists(path);
  if (file === undefined) return;
  const { doors } = context.paths;
  for (const instanceId of await readFolderIfExists(doors)) {
    for (const name of await readFolderIfExists(join(doors, instanceId))) {
      const inside = join(doors, instanceId, name);
      const found = await statIfExists(inside);
      if (found?.ino === file.ino && found.dev === file.dev) await rm(inside, { force: true });
    }
  }
}

/** The machine's files. Not hot files, which are root's; none of a machine of a release without jails. */
export async function filesInDoor(
  context: VolumeContext,
  instanceId: InstanceId,
): Promise<readonly MachineFile[]> {
  const beingFilled = new Set([...context.beingFilled].map(diskNameInDoor));
  const files = await filesIn(context.paths.door(instanceId));
  return files
    .filter(({ owner }) => owner !== 0)
    .map(({ name, device, inode, bytes }) => {
      return { device, inode, bytes, isBeingFilled: beingFilled.has(name) };
    });
}

/** Removes what `openDoor` made. The machine has ended. */
export async function closeDoor(context: VolumeContext, instanceId: InstanceId): Promise<void> {
  for (const path of [context.paths.door(instanceId), machineSocketFolder(context, instanceId)]) {
    await rm(path, { recursive: true, force: true });
  }
}

export const diskNameInDoor = (volumeId: VolumeId): string => `${volumeId}.qcow2`;

/** Names the volume, too: a fleece that is left in a machine is found by its path alone (`volumeOfView`). */
export const fleeceNameInDoor = (path: string): string =>
  `${basename(dirname(path))}.${basename(path)}`;
export const hotNameInDoor = (volumeId: VolumeId): string => `${volumeId}.hot.raw`;
