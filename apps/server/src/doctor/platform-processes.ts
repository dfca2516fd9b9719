import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findProcesses, type HostProcess, isMissing, type ProcessFacts } from '@bakehouse/host';
import type { DataDirectory } from '../data-directory.ts';

export type ProcessRole =
  | 'guest'
  | 'disk daemon'
  | 'block server'
  | 'metadata agent'
  | 'dnsmasq'
  | 'public addresses'
  | 'way out';

/** A process that works for one platform and outlives its server. */
export interface PlatformProcess extends HostProcess {
  readonly role: ProcessRole;
  /** The instance or volume that it serves. */
  readonly subject?: string;
}

type Names = Pick<
  DataDirectory,
  'blocks' | 'guestMetadata' | 'instances' | 'runtime' | 'shortName'
>;

type Facts = Pick<ProcessFacts, 'argv' | 'cwd'>;

/** What this process does for the platform with these names; undefined for every other process. */
export function roleOf(
  { argv, cwd = '' }: Facts,
  names: Names,
): Pick<PlatformProcess, 'role' | 'subject'> | undefined {
  const program = basename(argv[0] ?? '');
  const mentions = (text: string) => argv.some((argument) => argument.includes(text));
  if (program.startsWith('qemu-system-') && cwd.startsWith(`${names.instances}/`)) {
    return { role: 'guest', subject: basename(cwd.replace(/ \(deleted\)$/, '')) };
  }
  if (program === 'qemu-storage-daemon' && mentions(`${names.runtime}/`)) {
    const subject = /\/(vol-[0-9a-f]+)(?:\.pid|\/own\/pid)/.exec(argv.join(' '))?.[1];
    return { role: 'disk daemon', ...(subject ? { subject } : {}) };
  }
  if (program === 'dnsmasq' && mentions(`/bakehouse-${names.shortName}/`)) {
    return { role: 'dnsmasq' };
  }
  if (program.startsWith('pasta') && mentions(`/netns/${names.shortName}.`)) {
    return { role: 'way out' };
  }
  if (program !== 'node') return undefined;
  if (argv.includes(`${names.runtime}/doors`)) return { role: 'public addresses' };
  if (argv.includes(names.blocks)) return { role: 'block server' };
  if (argv.includes(`${names.guestMetadata}/documents`)) return { role: 'metadata agent' };
  return undefined;
}

/** Every process on this host that works for the platform, except its server. */
export async function platformProcesses(names: Names): Promise<readonly PlatformProcess[]> {
  const processes = await findProcesses((process) => roleOf(process, names) !== undefined);
  return processes.flatMap((process) => {
    const role = roleOf(process, names);
    const { pid, startTicks } = process;
    return role ? [{ pid, startTicks, ...role }] : [];
  });
}

/** The folder that a helper or guest of any platform works on; undefined for every other process. */
export function workFolderOf({ argv, cwd = '' }: Facts): string | undefined {
  const program = basename(argv[0] ?? '');
  if (program.startsWith('qemu-system-')) {
    return /^(.*\/instances\/i-[0-9a-f]+)(?: \(deleted\))?$/.exec(cwd)?.[1];
  }
  const after = (option: string) => argv[argv.indexOf(option) + 1];
  const script = basename(argv[1] ?? '');
  if (program !== 'node') return undefined;
  if (script === 'block-server.ts') return after('--store');
  return script === 'agent-main.ts' ? after('--documents') : undefined;
}

export interface OrphanedProcess extends HostProcess {
  readonly folder: string;
}

/** Helpers and guests of platforms whose folder was deleted: nobody will ever end them. */
export async function orphanedProcesses(): Promise<readonly OrphanedProcess[]> {
  const orphans: OrphanedProcess[] = [];
  const processes = await findProcesses((process) => workFolderOf(process) !== undefined);
  for (const process of processes) {
    const folder = workFolderOf(process);
    // An agent works inside its folder and sees no other; a deleted one has another name.
    if (folder === undefined || folder === process.cwd) continue;
    const { pid, startTicks } = process;
    if (!(await hasFolder(process, folder))) orphans.push({ pid, startTicks, folder });
  }
  return orphans;
}

/**
 * Whether the folder exists as the process sees it: it may run in a container, with folders of its own. In a jail a
 * deleted folder keeps its name, and has no links. A folder that this user may not look at counts as there.
 */
async function hasFolder({ pid }: Pick<HostProcess, 'pid'>, folder: string): Promise<boolean> {
  try {
    return (await stat(`/proc/${pid}/root${folder}`)).nlink > 0;
  } catch (error) {
    return !isMissing(error);
  }
}

/** Whether a process has something in a folder open, under whatever path it opened it: a move of the folder shows. */
export async function hasOpenIn({ pid }: Pick<HostProcess, 'pid'>, root: string): Promise<boolean> {
  const process = `/proc/${pid}`;
  // What ends meanwhile has nothing open.
  const files = await readdir(join(process, 'fd')).catch(() => []);
  const links = [join(process, 'cwd'), ...files.map((file) => join(process, 'fd', file))];
  const targets = await Promise.all(links.map((link) => readlink(link).catch(() => '')));
  return targets.some((target) => target.startsWith(`${root}/`));
}
