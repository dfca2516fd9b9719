import type { Stats } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';

/** True for a system error with this code, for example `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** True for the error of a file or folder that does not exist. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

/** Whether there is something at this path that the process may see. */
export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** The bytes of a file; undefined when it does not exist. */
export async function readBytesIfExists(path: string): Promise<Buffer | undefined> {
  return await orUndefined(readFile(path));
}

/** The text of a file; undefined when it does not exist. */
export async function readTextIfExists(path: string): Promise<string | undefined> {
  return await orUndefined(readFile(path, 'utf8'));
}

/** The names in a folder; none when it does not exist. */
export async function readFolderIfExists(path: string): Promise<readonly string[]> {
  return (await orUndefined(readdir(path))) ?? [];
}

/** What is known of a file or folder; undefined when it does not exist. */
export async function statIfExists(path: string): Promise<Stats | undefined> {
  return await orUndefined(stat(path));
}

async function orUndefined<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
