import { open } from 'node:fs/promises';
import { type EndOptions, endProcess, killProcessGroup } from '../end-process.ts';
import { readTextIfExists } from '../files.ts';
import { findProcess, type HostProcess } from '../processes.ts';
import { type DetachedOptions, type DetachedProcess, spawnDetached } from '../spawn-detached.ts';
import { findJailTools, jailedProgram } from './find-jail-tools.ts';
import { type Jail, jailDescriptors, planJail } from './plan-jail.ts';
import { seccompFilter } from './seccomp-filter.ts';

export interface JailedOptions extends Omit<DetachedOptions, 'cwd' | 'inherited'> {
  readonly jail: Jail;
  /** An argv prefix that becomes what follows it by exec, for example to enter a network namespace. */
  readonly enter: readonly string[];
  /** Where bubblewrap writes the id of the jailed process, before that process does anything. */
  readonly infoPath: string;
}

/**
 * Starts a program in a jail that outlives this process. `process` in the result is bubblewrap's, which ends with
 * the program; `jailedProcess` finds the program itself. Rejects with JailError or StartError.
 */
export async function spawnJailed(options: JailedOptions): Promise<DetachedProcess> {
  const { jail, enter, infoPath, argv, ...rest } = options;
  const [program = '', ...args] = argv;
  const [tools, path] = await Promise.all([findJailTools(), jailedProgram(program)]);
  const info = await open(infoPath, 'w', 0o600);
  try {
    const jailed = planJail(jail, tools, { argv: [path, ...args], descriptors: jailDescriptors });
    return await spawnDetached({
      ...rest,
      argv: [...enter, ...jailed],
      inherited: [info.fd, seccompFilter()],
    });
  } finally {
    await info.close();
  }
}

/** The process in a jail; undefined before it exists, and when no process has its id. */
export async function jailedProcess(infoPath: string): Promise<HostProcess | undefined> {
  const pid = await jailedPid(infoPath);
  return pid === undefined ? undefined : await findProcess(pid);
}

/** What bubblewrap wrote; the process with this id may be another by now. */
export async function jailedPid(infoPath: string): Promise<number | undefined> {
  const text = await readTextIfExists(infoPath);
  const digits = /"child-pid":\s*(\d+)/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Kills what `spawnJailed` has started, whatever it has become, and resolves when it has ended. */
export async function endJailed(
  { process: outer }: DetachedProcess,
  infoPath: string,
  options: Omit<EndOptions, 'graceMs'>,
): Promise<void> {
  const inner = await jailedProcess(infoPath);
  if (outer !== undefined) killProcessGroup(outer.pid);
  for (const process of [outer, inner]) {
    if (process !== undefined) await endProcess(process, { ...options, graceMs: 0 });
  }
}
