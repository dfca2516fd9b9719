import { readdir, rm } from 'node:fs/promises';
import type { VolumeId } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import { chooseForMachine, hotFileBehind } from '../hot/backing.ts';
import { releaseFromDaemon } from '../qemu/release-daemon.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskFrozenError } from '../volume-errors.ts';
import { planBlockdevChain } from './blockdev-chain.ts';
import { snapshotOfFleece } from './disk-paths.ts';
import { readDiskRecord } from './disk-record.ts';

export interface ChainRequest {
  readonly volumeId: VolumeId;
  readonly readOnly?: boolean;
}

/** The chain as `disk.json` has it, whoever else uses the disk. */
export async function diskChain(
  context: VolumeContext,
  { volumeId, readOnly = false }: ChainRequest,
): Promise<QemuBlockdevs> {
  const record = await readDiskRecord(context.paths, volumeId);
  const { originMapId } = record;
  const hotPath = await hotFileBehind(context, record);
  return planBlockdevChain({
    volumeId,
    diskPath: context.paths.disk(volumeId),
    ...(originMapId !== undefined && { originMapId }),
    ...(hotPath !== undefined && { hotPath }),
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
    await chooseForMachine(context, volumeId);
    const chain = await diskChain(context, request);
    const folder = context.paths.folder(volumeId);
    for (const name of await readdir(folder)) {
      if (snapshotOfFleece(name)) await rm(`${folder}/${name}`, { force: true });
    }
    return chain;
  });
}
