/** The folders of the distribution's programs. Services often have no sbin on their PATH. */
export const systemFolders: readonly string[] = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/bin',
  '/bin',
];

/** Where programs are looked for: the PATH of this process, then the system's folders. */
export function programFolders(): readonly string[] {
  const own = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
  return [...new Set([...own, ...systemFolders])];
}

/**
 * The environment for programs that this process starts: where to find programs, and messages in English. Nothing
 * else is passed on, so no credential of the operator reaches a helper.
 */
export function programEnvironment(): { readonly PATH: string; readonly LC_ALL: string } {
  return { PATH: programFolders().join(':'), LC_ALL: 'C' };
}

/** The environment for the program that this process becomes: all that it has itself. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

/** Where the systemd of this process's user has its sockets; undefined outside of a login session. */
export function userRuntimeFolder(): string | undefined {
  return process.env.XDG_RUNTIME_DIR || undefined;
}
