import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { DataDirectory } from '../data-directory.ts';

export type ProcessRole = 'guest' | 'disk daemon' | 'block server' | 'metadata agent' | 'dnsmasq';

/** A process that works for one platform and outlives its server. */
export interface PlatformProcess {
  readonly pid: number;
  readonly role: ProcessRole;
  /** The instance or volume that it serves. */
  readonly subject?: string;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly cwd: string;
}

type Names = Pick<
  DataDirectory,
  'blocks' | 'guestMetadata' | 'instances' | 'runtime' | 'shortName'
>;

const startsWith = (text: string, prefix: string) => text.startsWith(`${prefix}/`);

/** What this process is to the platform with these names; undefined for all others. */
export function classifyProcess(facts: ProcessFacts, names: Names): PlatformProcess | undefined {
  const { pid, argv, cwd } = facts;
  const program = basename(argv[0] ?? '');
  const mentions = (text: string) => argv.some((argument) => argument.includes(text));
  if (program.startsWith('qemu-system-') && startsWith(cwd, names.instances)) {
    const subject = basename(cwd.replace(/ \(deleted\)$/, ''));
    return { pid, role: 'guest', subject };
  }
  if (program === 'qemu-storage-daemon' && mentions(`${names.runtime}/`)) {
    const subject = /\/(vol-[0-9a-f]+)\.pid/.exec(argv.join(' '))?.[1];
    return { pid, role: 'disk daemon', ...(subject ? { subject } : {}) };
  }
  if (program === 'dnsmasq' && mentions(`/bakehouse-${names.shortName}/`)) {
    return { pid, role: 'dnsmasq' };
  }
  if (program !== 'node') return undefined;
  if (argv.includes(names.blocks)) return { pid, role: 'block server' };
  if (argv.includes(`${names.guestMetadata}/documents`)) return { pid, role: 'metadata agent' };
  return undefined;
}

async function factsOf(pid: number): Promise<ProcessFacts | undefined> {
  try {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    return { pid, argv, cwd: await readlink(`/proc/${pid}/cwd`) };
  } catch {
    return undefined; // ended meanwhile, a kernel thread, or somebody else's
  }
}

async function allProcesses(): Promise<readonly ProcessFacts[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 1);
  const facts = await Promise.all(pids.map(factsOf));
  return facts.filter((each) => each !== undefined);
}

/** Every process on this host that works for the platform, but for its server. */
export async function platformProcesses(names: Names): Promise<readonly PlatformProcess[]> {
  const found = (await allProcesses()).map((each) => classifyProcess(each, names));
  return found.filter((each) => each !== undefined);
}

/** The folder that a helper or guest of any platform works on; undefined for all other processes. */
export function workFolderOf({ argv, cwd }: ProcessFacts): string | undefined {
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

export interface OrphanedProcess {
  readonly pid: number;
  readonly folder: string;
}

/** Helpers and guests of platforms whose folder was deleted: nobody will ever end them. */
export async function orphanedProcesses(): Promise<readonly OrphanedProcess[]> {
  const orphans: OrphanedProcess[] = [];
  for (const facts of await allProcesses()) {
    const folder = workFolderOf(facts);
    // An agent stands in its folder and sees no other; one that was deleted has another name.
    if (folder === undefined || folder === facts.cwd) continue;
    // As the process sees it: another container's folders are there, too.
    const isThere = await access(`/proc/${facts.pid}/root${folder}`).then(
      () => true,
      () => false,
    );
    if (!isThere) orphans.push({ pid: facts.pid, folder });
  }
  return orphans;
}

const endLimitMs = 10_000;
const pollMs = 50;

/** Whether the process lives; a zombie is dead. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Asks the process to end, and ends it when the time is over. Resolves when it is gone. */
export async function endProcess(pid: number, limitMs = endLimitMs): Promise<void> {
  signal(pid, 'SIGTERM');
  for (const deadline = Date.now() + limitMs; await isAlive(pid); ) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL');
    await setTimeout(pollMs);
  }
}
