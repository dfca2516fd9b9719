import { createHash } from 'node:crypto';
import { chown, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock } from '@bakehouse/base';
import { isMissing, readTextIfExists, statIfExists } from '../files.ts';
import { withHostLock } from './host-lock.ts';
import { JailError } from './jail-error.ts';

/** User ids, first and last included. */
export interface UserRange {
  readonly first: number;
  readonly last: number;
}

/** Of the metadata agents of this host's platforms: ids that no distribution, container runtime or service manager assigns. */
export const agentUserIds: UserRange = { first: 0x7000_0000, last: 0x7fff_fffe };

/**
 * All ids that any jail of the host's root may have, whatever `--guest-users` was when it was made: above those of
 * accounts, and below those of agents, as the network drops what a jail's user sends itself.
 */
export const jailUserIds: UserRange = { first: 65_536, last: agentUserIds.first - 1 };

/**
 * The user of each jail. The group of its folder is the record of it: durable, and gone with the folder. A file for
 * each id in a folder of this host, which every platform uses, keeps two of them from taking the same one. A
 * file whose folder has another group, or is missing, claims nothing: its writer was killed, or the folder was removed.
 */
export interface JailUsers {
  /** Whether an id may be that of a jail. */
  has(id: number): boolean;
  /**
   * The user and group id of the jail that works in this folder; made, for root alone, when it is missing. A folder
   * keeps the id that it has claimed since the host booted, as its jail may run, also when the range is another now.
   */
  of(folder: string): Promise<number>;
  /** Frees the id of a folder that is about to be removed. Without an id: no-op. */
  release(folder: string): Promise<void>;
}

export interface JailUsersOptions {
  /** Of new ids; within `ids`. */
  readonly range: UserRange;
  /** All that any jail here may have. Absent: `jailUserIds`. A user namespace has lower ones. */
  readonly ids?: UserRange;
  /** Where this host's platforms claim ids; emptied when the host boots. */
  readonly claims?: string;
}

/** `/etc` files whose ids are somebody's: `NAME:…:ID:…`, and `NAME:FIRST:COUNT` of subuid(5). */
const accountFiles = { '/etc/passwd': 2, '/etc/group': 2 } as const;
const subordinateFiles = ['/etc/subuid', '/etc/subgid'];

export function jailUsers({
  range,
  ids = jailUserIds,
  claims = '/run/bakehouse-users',
}: JailUsersOptions): JailUsers {
  const lock = new KeyedLock();
  const count = range.last - range.first + 1;
  const isUser = (id: number) => isWithin(ids, id);

  const choose = async (folder: string) => {
    const isTaken = await takenIds();
    const start = createHash('sha256').update(folder).digest().readUInt32BE(0) % count;
    for (let step = 0; step < count; step += 1) {
      const id = range.first + ((start + step) % count);
      if (isTaken(id) || !(await claim(claims, id, folder))) continue;
      // Under the same lock: until then the claim counts for nothing.
      await chown(folder, 0, id);
      return id;
    }
    throw new JailError(
      `all user ids from ${range.first} to ${range.last} are in use; widen --guest-users`,
    );
  };

  return {
    has: isUser,
    of: (path) =>
      lock.run([path], async () => {
        await mkdir(path, { recursive: true, mode: 0o700 });
        const folder = await realpath(path);
        const { gid } = await stat(folder);
        // Nobody takes a claim whose folder has its id, so this needs no lock.
        if (isUser(gid) && (await holderOf(claims, gid)) === folder) return gid;
        await mkdir(claims, { recursive: true, mode: 0o700 });
        return await withHostLock(join(claims, 'lock'), async () => {
          const recorded = (await stat(folder)).gid;
          if (isWithin(range, recorded) && (await claim(claims, recorded, folder))) return recorded;
          return await choose(folder);
        });
      }),
    release: (path) =>
      lock.run([path], async () => {
        const found = await statIfExists(path);
        if (found === undefined || !isUser(found.gid)) return;
        if ((await holderOf(claims, found.gid)) !== (await realpath(path))) return;
        await rm(join(claims, `${found.gid}`), { force: true });
      }),
  };
}

const isWithin = ({ first, last }: UserRange, id: number) => id >= first && id <= last;

/** The folder that claims an id, whether or not it has it. */
async function holderOf(claims: string, id: number): Promise<string | undefined> {
  return await readTextIfExists(join(claims, `${id}`));
}

/** False when another folder has the id. The caller holds the lock of `claims`. */
async function claim(claims: string, id: number, folder: string): Promise<boolean> {
  const holder = await holderOf(claims, id);
  if (holder === folder) return true;
  if (holder && (await statIfExists(holder))?.gid === id) return false;
  // Who reads without the lock never sees a claim without its text.
  const whole = join(claims, 'next');
  await writeFile(whole, folder, { mode: 0o600 });
  await rename(whole, join(claims, `${id}`));
  return true;
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
