import { open, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB, writeFileDurably } from '@bakehouse/base';
import { machineFileNames } from './machine-files.ts';

/** What EC2's GetConsoleOutput answers at most. */
export const consoleBytesMax = 64 * KiB;

/**
 * The last 64 KiB that the guest wrote, over reboots and stops, and when it last wrote. QEMU appends to
 * `serial.log`; what was cut off that file is at the end of `serial.before`.
 */
export async function readConsoleLog(
  folder: string,
): Promise<{ bytes: Uint8Array; changedAt: number } | undefined> {
  const path = join(folder, machineFileNames.serial);
  const info = await stat(path).catch(() => undefined);
  if (!info) return undefined;
  const now = await readTail(path, consoleBytesMax);
  const before =
    now.length < consoleBytesMax
      ? await readFile(join(folder, machineFileNames.serialBefore)).catch(() => Buffer.alloc(0))
      : Buffer.alloc(0);
  const bytes = Buffer.concat([before, now]).subarray(-consoleBytesMax);
  return { bytes, changedAt: Math.round(info.mtimeMs) };
}

/**
 * Cuts the serial log when it is longer than `bytesMax`. QEMU has it open for appending and goes on at the new
 * end; what the guest writes in the moment of the cut may be lost.
 */
export async function boundConsoleLog(folder: string, bytesMax: number): Promise<void> {
  const path = join(folder, machineFileNames.serial);
  const info = await stat(path).catch(() => undefined);
  if (!info || info.size <= bytesMax) return;
  const before = join(folder, machineFileNames.serialBefore);
  await writeFileDurably(before, await readTail(path, consoleBytesMax));
  await truncate(path, 0);
}

/** At most `bytesMax` bytes from the end of a file; nothing of one that is not there. */
export async function readTail(path: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => undefined);
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
