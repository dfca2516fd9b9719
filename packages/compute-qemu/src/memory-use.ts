import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import { readPlainFile, statIfExists, writeFileDurably } from '@bakehouse/host';
import { type BootRecord, parseBootRecord } from './boot-record.ts';
import { machineFileNames } from './machine-files.ts';

/**
 * `memory.used`: how the last start of a machine began that was to go on from kept memory. It is on disk before the guest
 * writes to its own disk: from then on that is not what the template's was, and memory over it would corrupt it.
 */
export async function writeMemoryUse(folder: string, record: BootRecord): Promise<void> {
  await writeFileDurably(join(folder, machineFileNames.memoryUse), JSON.stringify(record));
}

/** Undefined when there is none, or none that this version understands. */
export async function readMemoryUse(folder: string): Promise<BootRecord | undefined> {
  const path = join(folder, machineFileNames.memoryUse);
  return parseBootRecord((await readPlainFile(path, { bytesMax: MiB }))?.toString());
}

/** Whether the guest of this machine has begun, or may have. */
export async function hasMemoryUse(folder: string): Promise<boolean> {
  return (await statIfExists(join(folder, machineFileNames.memoryUse))) !== undefined;
}

/** Why a machine cannot go on from memory any more; undefined when its guest has never begun. */
export async function memoryUsedBecause(folder: string): Promise<string | undefined> {
  if (!(await hasMemoryUse(folder))) return undefined;
  const memory = (await readMemoryUse(folder))?.memory;
  const isBooted = memory !== undefined && 'bootedBecause' in memory;
  if (isBooted) return memory.bootedBecause;
  const isFork = memory !== undefined && memory.forkOf !== undefined;
  return `it has gone on from ${isFork ? 'its memory' : 'the template'} before`;
}
