import { readFile } from 'node:fs/promises';
import { isResourceId, writeFileDurably } from '@bakehouse/base';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { isJsonObject } from '@bakehouse/qmp';
import { DiskFormatError, DiskMissingError } from './volume-errors.ts';
import type { VolumePaths } from './volume-paths.ts';

/**
 * `disk.json`, version 1. The size is not in it: the qcow2 header has it, and one truth is enough. The
 * qcow2 header in turn names no backing file: what is behind the overlay is said here alone.
 */
export interface DiskRecord {
  /** The map behind the overlay; absent for disks that began empty and once hydrated. */
  readonly originMapId?: BlockMapId;
}

const version = 1;

export function encodeDiskRecord(record: DiskRecord): string {
  return `${JSON.stringify({ version, ...record })}\n`;
}

export function decodeDiskRecord(text: string, path: string): DiskRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DiskFormatError(`${path} is not JSON`, { cause });
  }
  if (!isJsonObject(value) || value.version !== version) {
    throw new DiskFormatError(`${path} is not a disk record of version ${version}`);
  }
  const { originMapId } = value;
  if (originMapId === undefined) return {};
  if (!isMapId(originMapId)) throw new DiskFormatError(`${path} names a malformed origin map`);
  return { originMapId };
}

export async function readDiskRecord(paths: VolumePaths, volumeId: VolumeId): Promise<DiskRecord> {
  const path = paths.record(volumeId);
  try {
    return decodeDiskRecord(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (isNotFound(error)) throw new DiskMissingError(volumeId, `in ${paths.directory}`);
    throw error;
  }
}

export async function writeDiskRecord(
  paths: VolumePaths,
  volumeId: VolumeId,
  record: DiskRecord,
): Promise<void> {
  await writeFileDurably(paths.record(volumeId), encodeDiskRecord(record));
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isMapId(value: unknown): value is BlockMapId {
  return typeof value === 'string' && isResourceId('map', value);
}
