import { readdir, rm } from 'node:fs/promises';
import type { VolumeId } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import { planBlockdevChain } from './blockdev-chain.ts';
import { readDiskRecord } from './disk-record.ts';
import { freeFromDaemon } from './free-from-daemon.ts';
import type { VolumeContext } from './volume-context.ts';
import { DiskFrozenError } from './volume-errors.ts';
import { snapshotOfFleece } from './volume-paths.ts';

export interface ChainRequest {
  readonly volumeId: VolumeId;
  readonly readOnly?: boolean;
}

/** The chain as `disk.json` has it, without a word about who else uses the disk. */
export async function diskChain(
  context: VolumeContext,
  { volumeId, readOnly = false }: ChainRequest,
): Promise<QemuBlockdevs> {
  const { originMapId } = await readDiskRecord(context.paths, volumeId);
  return planBlockdevChain({
    volumeId,
    diskPath: context.paths.disk(volumeId),
    ...(originMapId !== undefined && { originMapId }),
    exporterSocketPath: context.exporterSocketPath,
    readOnly,
    reconnectSeconds: context.limits.reconnectSeconds,
    openSeconds: context.limits.openSeconds,
  });
}

/**
 * The chain for a machine that is about to use the disk. Rejects with DiskFrozenError while a view of the
 * disk at rest is read. A guest that writes makes the views of an earlier run untrue, so their files go here.
 */
export async function chainForMachine(
  context: VolumeContext,
  request: ChainRequest,
): Promise<QemuBlockdevs> {
  const { volumeId } = request;
  return context.locks.run([volumeId], async () => {
    if (!(await freeFromDaemon(context, volumeId))) {
      throw new DiskFrozenError(volumeId, 'start a machine with', []);
    }
    const chain = await diskChain(context, request);
    const folder = context.paths.folder(volumeId);
    for (const name of await readdir(folder)) {
      if (snapshotOfFleece(name)) await rm(`${folder}/${name}`, { force: true });
    }
    return chain;
  });
}
