import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockMapId, HotMaps, VolumeId } from '@bakehouse/domain';
import { exists, isMissing, readFolderIfExists, syncPath } from '@bakehouse/host';
import { readDiskRecord, writeDiskRecord } from '../disks/disk-record.ts';
import { takeFileFromDoors } from '../disks/machine-door.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskMissingError } from '../volume-errors.ts';
import type { HotContext } from './hot-context.ts';
import { mapOfTemporary } from './hot-paths.ts';
import { usersOfHotMap } from './hot-users.ts';

/**
 * See `HotMaps.drop`. First no disk gets the file any more, then the disks at rest are moved, then the file is removed with
 * the links to it that doors still have: a crash in between leaves disks that are moved, and a hot map that can be used.
 */
export async function dropHotMap(
  context: VolumeContext,
  mapId: BlockMapId,
  atRest: Parameters<HotMaps['drop']>[1],
): Promise<boolean> {
  const { hot } = context;
  return await hot.locks.run([mapId], async () => {
    if (!(await exists(hot.paths.folder(mapId)))) return true;
    hot.retiring.add(mapId);
    try {
      await hot.choices.settled(mapId);
      const users = await usersOfHotMap(context, mapId);
      const resting = users.length === 0 ? new Set<VolumeId>() : await atRest(users);
      for (const volumeId of users.filter((id) => resting.has(id))) {
        await moveToStore(context, volumeId, mapId);
      }
      if (users.some((id) => !resting.has(id))) return false;
      await takeFileFromDoors(context, hot.paths.blocks(mapId));
      await removeFolder(hot, mapId);
      return true;
    } finally {
      hot.retiring.delete(mapId);
    }
  });
}

/** The overlay's header names no backing file, so that its record is all that changes. */
async function moveToStore(
  context: VolumeContext,
  volumeId: VolumeId,
  mapId: BlockMapId,
): Promise<void> {
  await context.locks.run([volumeId], async () => {
    try {
      const { hot: isHot, ...record } = await readDiskRecord(context.paths, volumeId);
      if (!isHot || record.originMapId !== mapId) return;
      await writeDiskRecord(context.paths, volumeId, record);
    } catch (error) {
      if (!(error instanceof DiskMissingError)) throw error;
    }
  });
}

async function removeFolder({ paths }: HotContext, mapId: BlockMapId): Promise<void> {
  const old = paths.temporary(mapId, 'old');
  await rm(old, { recursive: true, force: true });
  await rename(paths.folder(mapId), old).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await syncPath(paths.directory);
  await rm(old, { recursive: true, force: true });
}

/** Removes the folders that interrupted work left, and returns them. While this process makes or drops a hot map it holds the map's lock. */
export async function sweepHotMaps(hot: HotContext, dryRun = false): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await readFolderIfExists(hot.paths.directory)) {
    const mapId = mapOfTemporary(name);
    if (!mapId || hot.locks.isHeld(mapId)) continue;
    const path = join(hot.paths.directory, name);
    swept.push(path);
    if (!dryRun) await rm(path, { recursive: true, force: true });
  }
  return swept;
}
