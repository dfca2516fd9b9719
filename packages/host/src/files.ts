import type { Stats } from 'node:fs';
import { access, lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

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

/** A file or folder in a folder, and what it takes of its file system. */
export interface FileUse {
  readonly name: string;
  /** The id of its user. */
  readonly owner: number;
  /** `st_dev` and `st_ino` of stat(2). */
  readonly device: number;
  readonly inode: number;
  readonly bytes: number;
}

/** `st_blocks` of stat(2) counts these, whatever the file system's own blocks are. */
const statBlockBytes = 512;

/** What is in a folder; nothing when it does not exist. */
export async function filesIn(folder: string): Promise<readonly FileUse[]> {
  const files: FileUse[] = [];
  for (const name of await readFolderIfExists(folder)) {
    // One may be removed meanwhile.
    const found = await orUndefined(lstat(join(folder, name)));
    if (found === undefined) continue;
    const { uid: owner, dev: device, ino: inode, blocks } = found;
    files.push({ name, owner, device, inode, bytes: blocks * statBlockBytes });
  }
  return files;
}

async function orUndefined<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
