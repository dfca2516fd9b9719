import { readFile } from 'node:fs/promises';
import { isResourceId } from '@bakehouse/base';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { isMissing, writeFileDurably } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import { DiskFormatError, DiskMissingError } from '../volume-errors.ts';
import type { DiskPaths } from './disk-paths.ts';

/**
 * `disk.json`, version 1. The size is in the qcow2 header only. The header names no backing file: what is behind the
 * overlay is recorded here only.
 */
export interface DiskRecord {
  /** The map behind the overlay; absent for disks that began empty, and after hydration. */
  readonly originMapId?: BlockMapId;
  /** Blocks of the map are read in its hot file; absent: in the block store. Chosen when a machine opens the disk. */
  readonly hot?: true;
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
  const { originMapId, hot } = value;
  if (originMapId === undefined) return {};
  if (!isMapId(originMapId)) throw new DiskFormatError(`${path} names a malformed origin map`);
  return hot === true ? { originMapId, hot } : { originMapId };
}

export async function readDiskRecord(paths: DiskPaths, volumeId: VolumeId): Promise<DiskRecord> {
  const path = paths.record(volumeId);
  try {
    return decodeDiskRecord(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (isMissing(error)) throw new DiskMissingError(volumeId, `in ${paths.directory}`);
    throw error;
  }
}

export async function writeDiskRecord(
  paths: DiskPaths,
  volumeId: VolumeId,
  record: DiskRecord,
): Promise<void> {
  await writeFileDurably(paths.record(volumeId), encodeDiskRecord(record));
}

function isMapId(value: unknown): value is BlockMapId {
  return typeof value === 'string' && isResourceId('map', value);
}
