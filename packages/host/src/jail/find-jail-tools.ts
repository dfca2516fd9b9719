import { lstat, readlink } from 'node:fs/promises';
import { isMissing } from '../files.ts';
import { findProgram, installHint, type KnownProgram } from '../programs.ts';
import { JailError } from './jail-error.ts';
import type { JailTools } from './plan-jail.ts';

/** Where programs and their libraries are, beside /usr. */
const systemRoots = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** Looks for what a jail is made of. Rejects with JailError, which says what to install. */
export async function findJailTools(): Promise<JailTools> {
  if (process.getuid?.() !== 0) {
    throw new JailError('jails for guests are made by root; start the server as root');
  }
  const [bwrap, setpriv, prlimit] = await Promise.all(
    (['bwrap', 'setpriv', 'prlimit'] as const).map(find),
  );
  const roots = await Promise.all(
    systemRoots.map(async (path) => [await look(path), path] as const),
  );
  return {
    bwrap: bwrap ?? '',
    setpriv: setpriv ?? '',
    prlimit: prlimit ?? '',
    rootLinks: roots.flatMap(([found, path]) => (found?.link ? [[found.link, path]] : [])),
    rootFolders: roots.flatMap(([found, path]) => (found?.isFolder ? [path] : [])),
    hidden: (await look('/usr/local'))?.isFolder ? ['/usr/local'] : [],
  };
}

/** The path of a program as a jail has it. Rejects with JailError when it is not there. */
export async function jailedProgram(program: string): Promise<string> {
  const path = await findProgram(program);
  if (path === undefined) {
    throw new JailError(`${program} is not installed${installHint(program)}`);
  }
  if (/^\/(usr\/local\/|(?!usr\/|bin\/|sbin\/))/.test(path)) {
    throw new JailError(
      `${program} is at ${path}, and a jail has only the programs of the distribution${installHint(program)}`,
    );
  }
  return path;
}

async function find(program: KnownProgram): Promise<string> {
  const path = await findProgram(program);
  if (path !== undefined) return path;
  throw new JailError(
    `guests cannot be jailed: ${program} is not installed${installHint(program)}`,
  );
}

async function look(
  path: string,
): Promise<{ readonly link?: string; readonly isFolder: boolean } | undefined> {
  try {
    const found = await lstat(path);
    return found.isSymbolicLink()
      ? { link: await readlink(path), isFolder: false }
      : { isFolder: found.isDirectory() };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
