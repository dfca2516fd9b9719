import { dirname } from 'node:path';

export interface JailFolder {
  /** The same path inside and outside, so that a path means one thing to everybody. */
  readonly path: string;
  readonly writable: boolean;
}

export interface JailDevice {
  /** What the jail finds at `path`: the host's own node, or one that is lent to this jail. */
  readonly source: string;
  readonly path: string;
}

/** All that a jailed program has of its host, beside the system's programs and libraries. */
export interface Jail {
  /** Its user and group id; see JailUsers. */
  readonly user: number;
  readonly folders: readonly JailFolder[];
  readonly devices: readonly JailDevice[];
  /**
   * `none`: no group but its user's own. `kept`: also those of the process that becomes the jail, where a device is open to
   * a group of the host only.
   */
  readonly groups?: 'none' | 'kept';
  /** `none`: a network namespace of its own, without links. `inherited`: that of the process that becomes the jail. */
  readonly network: 'none' | 'inherited';
  readonly workingFolder: string;
  /** Threads and processes that its user may have. */
  readonly threadsMax: number;
}

/** What a jail is made of on this host; see `findJailTools`. */
export interface JailTools {
  readonly bwrap: string;
  readonly setpriv: string;
  readonly prlimit: string;
  /** Links in the root folder into /usr, for example `/lib` to `usr/lib`, and folders of hosts without them. */
  readonly rootLinks: readonly (readonly [target: string, path: string])[];
  readonly rootFolders: readonly string[];
  /** Folders below /usr that hold nothing of the distribution. */
  readonly hidden: readonly string[];
}

/** Descriptors of the process that becomes the jail. */
export const jailDescriptors = { info: 3, filter: 4 } as const;

/** bubblewrap closes what it was given for itself, and leaves these to the program. */
export const firstHandedDescriptor = 5;

/**
 * The command that runs `argv` in the jail. Its parts become one another by exec, except for bubblewrap, which stays
 * outside as the parent of the jailed process and ends with it, in the way it ended. The process is the first of its
 * process namespace, and all in it end with it. bubblewrap reads its seccomp program from the descriptor `filter`,
 * and writes the process's id on the host to `info`.
 */
export function planJail(
  jail: Jail,
  tools: JailTools,
  {
    argv,
    descriptors,
  }: {
    readonly argv: readonly string[];
    readonly descriptors: { readonly info?: number; readonly filter: number };
  },
): readonly string[] {
  const { info, filter } = descriptors;
  return [
    ...[tools.prlimit, '--core=0', '--'],
    tools.bwrap,
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--as-pid-1'],
    ...(jail.network === 'none' ? ['--unshare-net'] : []),
    ...['--hostname', 'jail', '--clearenv', '--setenv', 'LC_ALL', 'C'],
    ...systemMounts(tools),
    ...folderMounts(jail.folders),
    ...jail.devices.flatMap(({ source, path }) => ['--dev-bind', source, path]),
    ...['--remount-ro', '/', '--chdir', jail.workingFolder],
    ...capabilitiesOfStart.flatMap((name) => ['--cap-add', name]),
    ...(info === undefined ? [] : ['--info-fd', `${info}`]),
    ...['--seccomp', `${filter}`, '--'],
    // The limit counts what the user has, so it is set where the user is known.
    ...[tools.prlimit, `--nproc=${jail.threadsMax}`, '--'],
    ...becomeUser(tools.setpriv, jail),
    ...argv,
  ];
}

/** For setpriv, which then drops them. */
const capabilitiesOfStart = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'];

/** In the arguments of each program that is about to become the jailed one. */
export const reuid = (user: number): string => `--reuid=${user}`;

function becomeUser(setpriv: string, { user, groups = 'none' }: Jail): readonly string[] {
  return [
    ...[setpriv, reuid(user), `--regid=${user}`],
    groups === 'kept' ? '--keep-groups' : '--clear-groups',
    ...['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs', '--'],
  ];
}

function systemMounts({ rootLinks, rootFolders, hidden }: JailTools): readonly string[] {
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...hidden.flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    ...rootLinks.flatMap(([target, path]) => ['--symlink', target, path]),
    ...rootFolders.flatMap((path) => ['--ro-bind', path, path]),
    ...['--dir', '/etc', '--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
    ...['--dir', '/dev', '--dev-bind', '/dev/null', '/dev/null'],
    ...['--dev-bind', '/dev/urandom', '/dev/urandom'],
  ];
}

/** Parents first, open to be passed through: bubblewrap would make them for root alone. */
function folderMounts(folders: readonly JailFolder[]): readonly string[] {
  const parents = [
    ...new Set([...folders.flatMap(({ path }) => parentsOf(path)), '/dev/net']),
  ].toSorted((left, right) => left.length - right.length);
  return [
    ...parents.flatMap((path) => ['--dir', path]),
    ...folders.flatMap(({ path, writable }) => [writable ? '--bind' : '--ro-bind', path, path]),
  ];
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), parent];
}
