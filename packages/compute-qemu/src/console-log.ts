import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB } from '@bakehouse/base';
import { isMissing, openPlainFile, writeFileDurably } from '@bakehouse/host';
import { noteConsoleCut } from './console-since.ts';
import { machineFileNames } from './machine-files.ts';

/** The most that EC2's GetConsoleOutput returns. */
export const consoleBytesMax = 64 * KiB;

/**
 * The last 64 KiB that the guest wrote, across reboots and stops, and when it last wrote. QEMU appends to
 * `serial.log`; `serial.before` keeps the end of what was cut off that file.
 */
export async function readConsoleLog(
  folder: string,
): Promise<{ bytes: Uint8Array; changedAt: number } | undefined> {
  const file = await openIfExists(join(folder, machineFileNames.serial), constants.O_RDONLY);
  if (!file) return undefined;
  await using log = file;
  const now = await tailOf(log, consoleBytesMax);
  const before =
    now.length < consoleBytesMax
      ? await readTail(join(folder, machineFileNames.serialBefore), consoleBytesMax)
      : Buffer.alloc(0);
  const bytes = Buffer.concat([before, now]).subarray(-consoleBytesMax);
  return { bytes, changedAt: Math.round((await log.stat()).mtimeMs) };
}

/**
 * Cuts the serial log when it is longer than `bytesMax`. QEMU has it open for appending and continues at the new
 * end. What the guest writes during the cut may be lost.
 */
export async function boundConsoleLog(folder: string, bytesMax: number): Promise<void> {
  const file = await openIfExists(join(folder, machineFileNames.serial), constants.O_RDWR);
  if (!file) return;
  await using log = file;
  if ((await log.stat()).size <= bytesMax) return;
  const before = join(folder, machineFileNames.serialBefore);
  await writeFileDurably(before, await tailOf(log, consoleBytesMax));
  await log.truncate(0);
  await noteConsoleCut(folder);
}

/** At most `bytesMax` bytes from the end of a file; none when it does not exist. */
export async function readTail(path: string, bytesMax: number): Promise<Buffer> {
  const file = await openIfExists(path, constants.O_RDONLY);
  if (!file) return Buffer.alloc(0);
  await using log = file;
  return await tailOf(log, bytesMax);
}

async function tailOf(file: FileHandle, bytesMax: number): Promise<Buffer> {
  const { size } = await file.stat();
  const start = Math.max(0, size - bytesMax);
  const buffer = Buffer.alloc(Math.min(size, bytesMax));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  return buffer.subarray(0, bytesRead);
}

async function openIfExists(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await openPlainFile(path, flags);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
