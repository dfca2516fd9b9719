import { createHash } from 'node:crypto';
import { chown, mkdir, readFile, realpath, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock } from '@bakehouse/base';
import { hasCode, isMissing, readTextIfExists, statIfExists } from '../files.ts';
import { JailError } from './jail-error.ts';

/** User ids, first and last included. */
export interface UserRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The user of each jail. The group of its folder is the record of it: durable, and gone with the folder. A file for
 * each id in a folder of this host, which every platform uses, keeps two of them from taking the same one.
 */
export interface JailUsers {
  readonly range: UserRange;
  /** Whether an id is of the range. */
  has(id: number): boolean;
  /** The user and group id of the jail that works in this folder; made, for root alone, when it is missing. */
  of(folder: string): Promise<number>;
  /** Frees the id of a folder that is about to be removed. Without an id: no-op. */
  release(folder: string): Promise<void>;
}

export interface JailUsersOptions {
  readonly range: UserRange;
  /** Where this host's platforms claim ids; emptied when the host boots. */
  readonly claims?: string;
}

/** `/etc` files whose ids are somebody's: `NAME:…:ID:…`, and `NAME:FIRST:COUNT` of subuid(5). */
const accountFiles = { '/etc/passwd': 2, '/etc/group': 2 } as const;
const subordinateFiles = ['/etc/subuid', '/etc/subgid'];

export function jailUsers({ range, claims = '/run/bakehouse-users' }: JailUsersOptions): JailUsers {
  const lock = new KeyedLock();
  const count = range.last - range.first + 1;
  const isUser = (id: number) => id >= range.first && id <= range.last;

  const choose = async (folder: string) => {
    const isTaken = await takenIds();
    const start = createHash('sha256').update(folder).digest().readUInt32BE(0) % count;
    for (let step = 0; step < count; step += 1) {
      const id = range.first + ((start + step) % count);
      if (!isTaken(id) && (await claim(claims, id, folder))) return id;
    }
    throw new JailError(
      `all user ids from ${range.first} to ${range.last} are in use; widen --guest-users`,
    );
  };

  return {
    range,
    has: isUser,
    of: (path) =>
      lock.run([path], async () => {
        await mkdir(path, { recursive: true, mode: 0o700 });
        const folder = await realpath(path);
        const { gid } = await stat(folder);
        if (isUser(gid) && (await claim(claims, gid, folder))) return gid;
        const id = await choose(folder);
        await chown(folder, 0, id);
        return id;
      }),
    async release(path) {
      const found = await statIfExists(path);
      if (found === undefined || !isUser(found.gid)) return;
      const own = join(claims, `${found.gid}`);
      if ((await readTextIfExists(own)) !== (await realpath(path))) return;
      await rm(own, { force: true });
      // Fails while others are claimed.
      await rmdir(claims).catch(() => {});
    },
  };
}

/** False when another folder has the id. */
async function claim(claims: string, id: number, folder: string): Promise<boolean> {
  const path = join(claims, `${id}`);
  await mkdir(claims, { recursive: true, mode: 0o700 });
  try {
    await writeFile(path, folder, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const holder = await readFile(path, 'utf8').catch(() => '');
  if (holder === folder) return true;
  if (holder !== '' && (await statIfExists(holder))?.gid === id) return false;
  // Its folder was removed. A second taker fails at the exclusive write.
  await rm(path, { force: true });
  return await writeFile(path, folder, { flag: 'wx', mode: 0o600 }).then(
    () => true,
    () => false,
  );
}

/** Whether an id belongs to an account or group of this host, or to a range for user namespaces. */
async function takenIds(): Promise<(id: number) => boolean> {
  const ids = new Set<number>();
  for (const [path, field] of Object.entries(accountFiles)) {
    for (const parts of await linesOf(path)) ids.add(Number(parts[field]));
  }
  const ranges = (await Promise.all(subordinateFiles.map(linesOf)))
    .flat()
    .map(([, first, size]) => ({ first: Number(first), size: Number(size) }));
  return (id) => ids.has(id) || ranges.some(({ first, size }) => id >= first && id < first + size);
}

async function linesOf(path: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(':'));
}
