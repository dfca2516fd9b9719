import { open } from 'node:fs/promises';
import { type EndOptions, endProcess, killProcessGroup } from '../end-process.ts';
import { readTextIfExists } from '../files.ts';
import {
  findProcess,
  type HostProcess,
  isAlive,
  namespaceOf,
  readProcess,
  userOfProcess,
} from '../processes.ts';
import { type DetachedOptions, type DetachedProcess, spawnDetached } from '../spawn-detached.ts';
import { findJailTools, jailedProgram } from './find-jail-tools.ts';
import { type Jail, jailDescriptors, planJail, reuid } from './plan-jail.ts';
import { seccompFilter } from './seccomp-filter.ts';

export interface JailedOptions extends Omit<DetachedOptions, 'cwd' | 'inherited'> {
  readonly jail: Jail;
  /** An argv prefix that becomes what follows it by exec, for example to enter a network namespace. */
  readonly enter: readonly string[];
  /** Where bubblewrap writes the id of the jailed process, before that process does anything. */
  readonly infoPath: string;
  /** Descriptors of this process that the program has from `firstHandedDescriptor` on. */
  readonly handed?: readonly number[];
}

/**
 * Starts a program in a jail that outlives this process. `process` in the result is bubblewrap's, which ends with
 * the program; `jailedProcess` finds the program itself. Rejects with JailError or StartError.
 */
export async function spawnJailed(options: JailedOptions): Promise<DetachedProcess> {
  const { jail, enter, infoPath, argv, handed = [], ...rest } = options;
  const [program = '', ...args] = argv;
  const [tools, path] = await Promise.all([findJailTools(), jailedProgram(program)]);
  const info = await open(infoPath, 'w', 0o600);
  try {
    const jailed = planJail(jail, tools, { argv: [path, ...args], descriptors: jailDescriptors });
    return await spawnDetached({
      ...rest,
      argv: [...enter, ...jailed],
      inherited: [info.fd, seccompFilter(), ...handed],
    });
  } finally {
    await info.close();
  }
}

/**
 * The process in the jail of this user; undefined before it exists, and when it has ended. The id that bubblewrap
 * wrote may be another process's by now, so the process is known by what it cannot change itself, whoever has taken
 * it over: its user, and its process namespace, whose first process it is.
 */
export async function jailedProcess(
  infoPath: string,
  user: number,
): Promise<HostProcess | undefined> {
  const text = (await readTextIfExists(infoPath)) ?? '';
  const process = await findProcess(numberIn(text, 'child-pid') ?? 0);
  if (process === undefined) return undefined;
  const { pid } = process;
  const namespace = numberIn(text, 'pid-namespace');
  const [owner, itsNamespace] = await Promise.all([userOfProcess(pid), namespaceOf(pid, 'pid')]);
  // A server that may not look into namespaces knows the process by its user alone.
  if (namespace !== undefined && (itsNamespace ?? `pid:[${namespace}]`) !== `pid:[${namespace}]`) {
    return undefined;
  }
  const isOfJail = owner === user || (owner === 0 && (await isBecoming(pid, user)));
  // Its id may have been given to another process between these looks.
  return isOfJail && (await isAlive(process)) ? process : undefined;
}

/** Whether bubblewrap has written the id of a jailed process, which may have ended. */
export async function isJailRecorded(infoPath: string): Promise<boolean> {
  return numberIn((await readTextIfExists(infoPath)) ?? '', 'child-pid') !== undefined;
}

/** Whether a process of root is one of the programs that become the jail. */
async function isBecoming(pid: number, user: number): Promise<boolean> {
  const found = await readProcess(pid);
  return found !== undefined && (found.argv.length === 0 || found.argv.includes(reuid(user)));
}

function numberIn(info: string, name: string): number | undefined {
  const digits = new RegExp(`"${name}":\\s*(\\d+)`).exec(info)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Kills what `spawnJailed` has started, whatever it has become, and resolves when it has ended. */
export async function endJailed(
  { process: outer }: DetachedProcess,
  { infoPath, user }: { readonly infoPath: string; readonly user: number },
  options: Omit<EndOptions, 'graceMs'>,
): Promise<void> {
  const inner = await jailedProcess(infoPath, user);
  if (outer !== undefined) killProcessGroup(outer.pid);
  for (const process of [outer, inner]) {
    if (process !== undefined) await endProcess(process, { ...options, graceMs: 0 });
  }
}
