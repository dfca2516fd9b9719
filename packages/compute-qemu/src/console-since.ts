import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB, MiB } from '@bakehouse/base';
import { isMissing, openPlainFile, readPlainFile, statIfExists } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import { machineFileNames } from './machine-files.ts';

/**
 * Format 1 of `console.json`: where in `serial.log` begins what the guest has written since its machine was started, or since
 * the last reset that a server has seen. A guest that is reset is another one than the lines of before speak of.
 */
interface ConsoleStart {
  readonly version: 1;
  readonly from: number;
  /** Since the machine was started. */
  readonly wasReset: boolean;
}

/** More than a console is allowed to grow to before it is cut. */
const bytesMax = 8 * MiB;

/** To be called before the machine is started, and when it was reset. */
export async function noteConsoleStart(
  folder: string,
  { wasReset }: { readonly wasReset: boolean },
): Promise<void> {
  const log = await statIfExists(join(folder, machineFileNames.serial));
  await writeStart(folder, { version: 1, from: log?.size ?? 0, wasReset });
}

/** What is in the console from now on was written after the cut. */
export async function noteConsoleCut(folder: string): Promise<void> {
  const start = await readStart(folder);
  if (start) await writeStart(folder, { ...start, from: 0 });
}

/** Whether the machine was reset since it was started, as far as servers have seen. */
export async function wasResetSince(folder: string): Promise<boolean> {
  return (await readStart(folder))?.wasReset ?? false;
}

/** What the guest that runs now has written. Nothing where that is not known. */
export async function readConsoleSince(folder: string): Promise<string> {
  const start = await readStart(folder);
  return start ? await readFrom(folder, start.from) : '';
}

/** The last of it where it is too long. */
async function readFrom(folder: string, from: number): Promise<string> {
  try {
    const path = join(folder, machineFileNames.serial);
    await using file = await openPlainFile(path, constants.O_RDONLY);
    const { size } = await file.stat();
    const begin = Math.max(from > size ? 0 : from, size - bytesMax);
    const buffer = Buffer.alloc(size - begin);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, begin);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/** Without a flush: a machine does not outlive the host. */
async function writeStart(folder: string, start: ConsoleStart): Promise<void> {
  const path = join(folder, machineFileNames.consoleStart);
  const part = `${path}.${randomUUID()}`;
  await writeFile(part, JSON.stringify(start), { mode: 0o600, flag: 'wx' });
  await rename(part, path);
}

async function readStart(folder: string): Promise<ConsoleStart | undefined> {
  const path = join(folder, machineFileNames.consoleStart);
  const text = (await readPlainFile(path, { bytesMax: 64 * KiB }))?.toString();
  const value = parsed(text);
  if (!isJsonObject(value) || value.version !== 1) return undefined;
  const { from, wasReset } = value;
  if (typeof from !== 'number' || typeof wasReset !== 'boolean') return undefined;
  return { version: 1, from, wasReset };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
