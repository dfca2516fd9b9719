import { constants } from 'node:fs';
import { KiB, MiB } from '@bakehouse/base';
import { isMissing } from './files.ts';
import { openPlainFile } from './plain-files.ts';

/** Of a log that a jail writes. */
export const jailLogBytesMax = MiB;
const keptBytes = 64 * KiB;

/**
 * Cuts a log that another process appends to, when it is longer than `bytesMax`: its last 64 KiB stay. What is written
 * during the cut may be lost. Missing: no-op.
 */
export async function boundLog(path: string, bytesMax: number = jailLogBytesMax): Promise<void> {
  const { O_RDWR, O_APPEND } = constants;
  const file = await openPlainFile(path, O_RDWR | O_APPEND).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size <= bytesMax) return;
    const length = Math.min(size, bytesMax, keptBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    await file.truncate(0);
    await file.appendFile(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
