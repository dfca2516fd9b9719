import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB } from '@bakehouse/base';
import { isMissing, readBytesIfExists, statIfExists, writeFileDurably } from '@bakehouse/host';
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
  const path = join(folder, machineFileNames.serial);
  const info = await statIfExists(path);
  if (!info) return undefined;
  const now = await readTail(path, consoleBytesMax);
  const before =
    now.length < consoleBytesMax
      ? await readBytesIfExists(join(folder, machineFileNames.serialBefore))
      : undefined;
  const bytes = Buffer.concat([before ?? Buffer.alloc(0), now]).subarray(-consoleBytesMax);
  return { bytes, changedAt: Math.round(info.mtimeMs) };
}

/**
 * Cuts the serial log when it is longer than `bytesMax`. QEMU has it open for appending and continues at the new
 * end. What the guest writes during the cut may be lost.
 */
export async function boundConsoleLog(folder: string, bytesMax: number): Promise<void> {
  const path = join(folder, machineFileNames.serial);
  const info = await statIfExists(path);
  if (!info || info.size <= bytesMax) return;
  const before = join(folder, machineFileNames.serialBefore);
  await writeFileDurably(before, await readTail(path, consoleBytesMax));
  await truncate(path, 0);
}

/** At most `bytesMax` bytes from the end of a file; none when it does not exist. */
export async function readTail(path: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(undefinedIfMissing);
  if (!file) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - bytesMax);
    const buffer = Buffer.alloc(Math.min(size, bytesMax));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
