import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * One process of this host. Linux uses process ids again, so a process is identified by its id and its start time
 * (field 22 of /proc/PID/stat: clock ticks since the boot of the host).
 */
export interface HostProcess {
  readonly pid: number;
  readonly startTicks: string;
}

export interface ProcessFacts extends HostProcess {
  /** Empty for a kernel thread, and in the moment in which a process becomes another program. */
  readonly argv: readonly string[];
  /** Absent when this process may not see it. A deleted folder ends in ` (deleted)`. */
  readonly cwd?: string;
}

/**
 * The process that has this id now; undefined when there is none. A zombie counts as none. A process whose first
 * thread has ended looks like one, and runs on in its other threads.
 */
export async function findProcess(pid: number): Promise<HostProcess | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const stat = await readProc(pid, 'stat');
  // The program's name, in parentheses, may hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  const [threads, startTicks] = [Number(fields[17]), fields[19]];
  if (startTicks === undefined || state === 'X' || (state === 'Z' && threads <= 1))
    return undefined;
  return { pid, startTicks };
}

/** Whether this very process still runs. */
export async function isAlive({ pid, startTicks }: HostProcess): Promise<boolean> {
  return (await findProcess(pid))?.startTicks === startTicks;
}

/** The process that has this id now, with what it runs; undefined when there is none. */
export async function readProcess(pid: number): Promise<ProcessFacts | undefined> {
  const process = await findProcess(pid);
  if (process === undefined) return undefined;
  const argv = (await readProc(pid, 'cmdline')).split('\0').slice(0, -1);
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  // Its id may have been given to another process between these looks.
  if (!(await isAlive(process))) return undefined;
  return { ...process, argv, ...(cwd === undefined ? {} : { cwd }) };
}

/** All processes of this host that match. Kernel threads, whose argv is empty, are left out. */
export async function findProcesses(
  isWanted: (process: ProcessFacts) => boolean,
): Promise<readonly ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(readProcess));
  return found.filter(
    (process): process is ProcessFacts =>
      process !== undefined && process.argv.length > 0 && isWanted(process),
  );
}

/** Bytes of memory that the process holds now; 0 when it has ended. */
export async function residentBytes({ pid }: Pick<HostProcess, 'pid'>): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readProc(pid, 'status'))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** The real user id of a process, which one without capabilities cannot change; undefined when it has ended. */
export async function userOfProcess(pid: number): Promise<number | undefined> {
  const id = /^Uid:\s+(\d+)/m.exec(await readProc(pid, 'status'))?.[1];
  return id === undefined ? undefined : Number(id);
}

/** A namespace of a process, for example `net:[4026531840]`; undefined when it cannot be seen. */
export async function namespaceOf(
  pid: number | 'self',
  kind: 'net' | 'mnt' | 'pid' | 'user',
): Promise<string | undefined> {
  return await readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined);
}

function readProc(pid: number, name: string): Promise<string> {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
}
