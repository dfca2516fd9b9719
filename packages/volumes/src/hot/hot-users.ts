import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { listDisks } from '../disks/create-disk.ts';
import { readDiskRecord } from '../disks/disk-record.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskMissingError } from '../volume-errors.ts';

/** See `HotMaps.usersOf`. */
export async function usersOfHotMap(
  context: VolumeContext,
  mapId: BlockMapId,
): Promise<readonly VolumeId[]> {
  const users: VolumeId[] = [];
  for (const volumeId of await listDisks(context)) {
    const record = await readDiskRecord(context.paths, volumeId).catch((error: unknown) => {
      if (error instanceof DiskMissingError) return undefined;
      throw error;
    });
    if (record?.hot && record.originMapId === mapId) users.push(volumeId);
  }
  return users;
}
