import { readdir } from 'node:fs/promises';
import type { InstanceId, VolumeId } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import { chooseForMachine, hotFileBehind } from '../hot/backing.ts';
import { handHotFile } from '../hot/hand-hot-file.ts';
import { releaseFromDaemon } from '../qemu/release-daemon.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskFrozenError } from '../volume-errors.ts';
import { type ChainOptions, planBlockdevChain } from './blockdev-chain.ts';
import { snapshotOfFleece } from './disk-paths.ts';
import { type DiskRecord, readDiskRecord } from './disk-record.ts';
import { diskNameInDoor, passThroughDoor, removeFleece } from './machine-door.ts';

export interface ChainRequest {
  readonly volumeId: VolumeId;
  readonly readOnly?: boolean;
  /** The machine that the disk is handed to; absent: a program with the rights of this one. */
  readonly instanceId?: InstanceId;
}

/** Where a chain's files are: by default under their own names. */
interface ChainFiles {
  readonly disk: string;
  readonly hot?: string;
}

interface Origin {
  readonly record: DiskRecord;
  readonly hotPath: string | undefined;
  /** The volume that a machine reads it for. */
  readonly reader: VolumeId | undefined;
}

/** The chain as `disk.json` has it, whoever else uses the disk. */
export async function diskChain(
  context: VolumeContext,
  { volumeId, readOnly = false, instanceId }: ChainRequest,
  files?: ChainFiles,
): Promise<QemuBlockdevs> {
  const record = await readDiskRecord(context.paths, volumeId);
  const { disk, hot } = files ?? (await ownFiles(context, volumeId, record));
  return planBlockdevChain({
    volumeId,
    diskPath: disk,
    ...(await originOf(context, { record, hotPath: hot, reader: instanceId && volumeId })),
    exporterSocketPath: context.exporterSocketPath,
    readOnly,
    reconnectSeconds: context.limits.reconnectSeconds,
    openSeconds: context.limits.openSeconds,
  });
}

async function ownFiles(
  context: VolumeContext,
  volumeId: VolumeId,
  record: DiskRecord,
): Promise<ChainFiles> {
  const hot = await hotFileBehind(context, record);
  return { disk: context.paths.disk(volumeId), ...(hot !== undefined && { hot }) };
}

async function originOf(
  context: VolumeContext,
  { record: { originMapId }, hotPath, reader }: Origin,
): Promise<Pick<ChainOptions, 'hotPath' | 'originExport'>> {
  if (hotPath !== undefined) return { hotPath };
  if (originMapId === undefined) return {};
  return { originExport: await context.exportName(originMapId, reader) };
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
    const folder = context.paths.folder(volumeId);
    for (const name of await readdir(folder)) {
      if (snapshotOfFleece(name)) await removeFleece(context, `${folder}/${name}`);
    }
    return diskChain(context, request, await handFiles(context, request));
  });
}

async function handFiles(
  context: VolumeContext,
  { volumeId, instanceId }: ChainRequest,
): Promise<ChainFiles> {
  const own = await ownFiles(context, volumeId, await readDiskRecord(context.paths, volumeId));
  if (instanceId === undefined) return own;
  const name = diskNameInDoor(volumeId);
  const disk = await passThroughDoor(context, instanceId, { path: own.disk, name });
  const hot = await handHotFile(context, { volumeId, instanceId }, own.hot);
  return { disk, ...(hot !== undefined && { hot }) };
}
