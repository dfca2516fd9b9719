import { readdir } from 'node:fs/promises';
import type { InstanceId, VolumeId } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import { releaseFromDaemon } from '../qemu/release-daemon.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskFrozenError } from '../volume-errors.ts';
import { planBlockdevChain } from './blockdev-chain.ts';
import { snapshotOfFleece } from './disk-paths.ts';
import { readDiskRecord } from './disk-record.ts';
import { diskNameInDoor, passThroughDoor, removeDiskFile } from './machine-door.ts';

export interface ChainRequest {
  readonly volumeId: VolumeId;
  readonly readOnly?: boolean;
  /** The machine that the disk is handed to; absent: a program with the rights of this one. */
  readonly instanceId?: InstanceId;
}

/** The chain as `disk.json` has it, whoever else uses the disk. */
export async function diskChain(
  context: VolumeContext,
  { volumeId, readOnly = false }: Omit<ChainRequest, 'instanceId'>,
  diskPath = context.paths.disk(volumeId),
): Promise<QemuBlockdevs> {
  const { originMapId } = await readDiskRecord(context.paths, volumeId);
  return planBlockdevChain({
    volumeId,
    diskPath,
    ...(originMapId !== undefined && { originExport: await context.exportName(originMapId) }),
    exporterSocketPath: context.exporterSocketPath,
    readOnly,
    reconnectSeconds: context.limits.reconnectSeconds,
    openSeconds: context.limits.openSeconds,
  });
}

/**
 * The chain for a machine that is about to use the disk. Rejects with DiskFrozenError while a view of the disk at
 * rest is read. A guest that writes makes the views of an earlier run wrong, so their files are removed here.
 */
export async function chainForMachine(
  context: VolumeContext,
  request: ChainRequest,
): Promise<QemuBlockdevs> {
  const { volumeId } = request;
  return context.locks.run([volumeId], async () => {
    if (!(await releaseFromDaemon(context, volumeId))) {
      throw new DiskFrozenError(volumeId, 'start a machine with', []);
    }
    await readDiskRecord(context.paths, volumeId);
    const folder = context.paths.folder(volumeId);
    for (const name of await readdir(folder)) {
      if (snapshotOfFleece(name)) await removeDiskFile(context, `${folder}/${name}`);
    }
    return diskChain(context, request, await handDisk(context, request));
  });
}

async function handDisk(
  context: VolumeContext,
  { volumeId, instanceId }: ChainRequest,
): Promise<string> {
  const path = context.paths.disk(volumeId);
  if (instanceId === undefined) return path;
  return passThroughDoor(context, instanceId, { path, name: diskNameInDoor(volumeId) });
}
