import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isResourceId, syncPath, writeFileDurably } from '@bakehouse/base';
import type { VolumeDisk, VolumeId } from '@bakehouse/domain';
import { encodeDiskRecord, isNotFound } from './disk-record.ts';
import { qemuImg } from './qemu-img.ts';
import { daemonFiles, stopDaemon } from './storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';

/** Makes the whole folder aside and moves it into place: a disk is there with all it needs, or not at all. */
export async function createVolume(context: VolumeContext, disk: VolumeDisk): Promise<void> {
  const { paths, limits } = context;
  const { volumeId, sizeBytes, originMapId } = disk;
  await context.locks.run([volumeId], async () => {
    if (await exists(paths.folder(volumeId))) return;
    const temporary = paths.temporary(volumeId, 'new');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    const record = originMapId === undefined ? {} : { originMapId };
    await writeFileDurably(join(temporary, 'disk.json'), encodeDiskRecord(record));
    const image = join(temporary, 'disk.qcow2');
    await qemuImg(limits.toolTimeoutMs).create(image, sizeBytes);
    await syncPath(image);
    await syncPath(temporary);
    await rename(temporary, paths.folder(volumeId));
    await syncPath(paths.directory);
  });
}

export async function removeVolume(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const { paths, runtimeDirectory } = context;
  await context.locks.run([volumeId], async () => {
    await stopDaemon(context, volumeId);
    const old = paths.temporary(volumeId, 'old');
    await rm(old, { recursive: true, force: true });
    await rename(paths.folder(volumeId), old).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    await rm(old, { recursive: true, force: true });
    for (const path of Object.values(daemonFiles(runtimeDirectory, volumeId))) {
      await rm(path, { force: true });
    }
  });
}

export async function listVolumes(context: VolumeContext): Promise<readonly VolumeId[]> {
  const names = await namesIn(context.paths.directory);
  return names.filter((name) => isResourceId('vol', name)).sort();
}

/** Bytes that the files of a volume take, as the file system counts them. */
export async function volumeBytes(context: VolumeContext, volumeId: VolumeId): Promise<number> {
  const folder = context.paths.folder(volumeId);
  let bytes = 0;
  for (const name of await namesIn(folder)) {
    const file = await stat(join(folder, name)).catch(() => undefined);
    bytes += (file?.blocks ?? 0) * 512;
  }
  return bytes;
}

export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
