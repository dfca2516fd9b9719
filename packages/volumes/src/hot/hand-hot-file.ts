import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockMapId, InstanceId, VolumeId } from '@bakehouse/domain';
import { exists, hasCode } from '@bakehouse/host';
import { hotNameInDoor, takeHotFromDoors } from '../disks/machine-door.ts';
import type { VolumeContext } from '../volume-context.ts';

/**
 * Gives a machine the hot file behind a disk, by a link in its door. The file stays root's and read-only, as other
 * machines have it, too. Returns the path by which the machine has it: the file's own path for a machine of a release
 * without jails. Without a hot file, a link of an earlier start is removed.
 */
export async function handHotFile(
  context: VolumeContext,
  { volumeId, instanceId }: { readonly volumeId: VolumeId; readonly instanceId: InstanceId },
  path: string | undefined,
): Promise<string | undefined> {
  await takeHotFromDoors(context, volumeId);
  if (path === undefined) return undefined;
  const door = context.paths.door(instanceId);
  if (!(await exists(door))) return path;
  const inside = join(door, hotNameInDoor(volumeId));
  await link(path, inside);
  return inside;
}

/**
 * Whether doors can have links to hot files: not where the two folders are on different file systems. Tried once, as
 * folders stay where they are while the server runs.
 */
export async function canHandHotFiles(context: VolumeContext, mapId: BlockMapId): Promise<boolean> {
  const { hot, paths } = context;
  return await context.locks.run([paths.hotTrial], async () => {
    if (hot.handing.isPossible !== undefined) return hot.handing.isPossible;
    const isPossible = await canLink(hot.paths.checked(mapId), paths.hotTrial);
    hot.handing.isPossible = isPossible;
    if (!isPossible) {
      const message = 'disks do not use hot maps, which are on another file system';
      const fields = { hotMaps: hot.paths.directory, disks: paths.directory };
      context.logger.log('warn', message, fields);
    }
    return isPossible;
  });
}

async function canLink(path: string, trial: string): Promise<boolean> {
  await rm(trial, { force: true });
  try {
    await link(path, trial);
  } catch (error) {
    if (hasCode(error, 'EXDEV')) return false;
    throw error;
  }
  await rm(trial);
  return true;
}
