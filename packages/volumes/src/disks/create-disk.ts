import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { DiskBacking, VolumeDisk, VolumeId } from '@bakehouse/domain';
import { exists, isMissing, readFolderIfExists, syncPath, writeFileDurably } from '@bakehouse/host';
import { backingOf, choosingBacking } from '../hot/backing.ts';
import { findDaemonFiles, removeDaemonFiles } from '../qemu/daemon-files.ts';
import { stopDaemon } from '../qemu/storage-daemon.ts';
import { endGroupsOfDisk } from '../qemu/tool-group.ts';
import type { VolumeContext } from '../volume-context.ts';
import { encodeDiskRecord, readDiskRecord } from './disk-record.ts';
import { diskClusterBytes, writeEmptyQcow2 } from './empty-qcow2.ts';
import {
  diskNameInDoor,
  fleeceNameInDoor,
  takeFromDoors,
  takeHotFromDoors,
} from './machine-door.ts';

/** Makes the folder under another name and renames it: a disk exists with all that it needs, or not at all. */
export async function createDisk(context: VolumeContext, disk: VolumeDisk): Promise<DiskBacking> {
  const { paths } = context;
  const { volumeId, sizeBytes, originMapId } = disk;
  return await context.locks.run([volumeId], async () => {
    if (await exists(paths.folder(volumeId))) {
      return backingOf(await readDiskRecord(paths, volumeId));
    }
    const temporary = paths.temporary(volumeId, 'new');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    const image = join(temporary, 'disk.qcow2');
    await writeEmptyQcow2(image, { sizeBytes, clusterBytes: diskClusterBytes });
    await syncPath(image);
    const record = await choosingBacking(context, originMapId, async (chosen) => {
      await writeFileDurably(join(temporary, 'disk.json'), encodeDiskRecord(chosen));
      await rename(temporary, paths.folder(volumeId));
      await syncPath(paths.directory);
    });
    return backingOf(record);
  });
}

export async function removeDisk(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const { paths } = context;
  await context.locks.run([volumeId], async () => {
    await stopDaemon(context, volumeId);
    // While they can still be named: the next disk may have the user.
    await endGroupsOfDisk(context, volumeId);
    for (const name of await readFolderIfExists(paths.folder(volumeId))) {
      await takeFromDoors(context, fleeceNameInDoor(join(paths.folder(volumeId), name)));
    }
    await takeFromDoors(context, diskNameInDoor(volumeId));
    await takeHotFromDoors(context, volumeId);
    await context.users.release(paths.folder(volumeId));
    const old = paths.temporary(volumeId, 'old');
    await rm(old, { recursive: true, force: true });
    await rename(paths.folder(volumeId), old).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    await rm(old, { recursive: true, force: true });
    await removeDaemonFiles(await findDaemonFiles(context, volumeId));
  });
}

export async function listDisks(context: VolumeContext): Promise<readonly VolumeId[]> {
  const names = await readFolderIfExists(context.paths.directory);
  return names.filter((name) => isResourceId('vol', name)).sort();
}

/** Bytes that the files of a disk take, as the file system counts them. */
export async function diskBytes(context: VolumeContext, volumeId: VolumeId): Promise<number> {
  const folder = context.paths.folder(volumeId);
  let bytes = 0;
  for (const name of await readFolderIfExists(folder)) {
    const file = await stat(join(folder, name)).catch(() => undefined);
    bytes += (file?.blocks ?? 0) * 512;
  }
  return bytes;
}
