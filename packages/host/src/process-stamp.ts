import { readFile } from 'node:fs/promises';
import { findProcess, type HostProcess } from './processes.ts';

/**
 * A process as text for a lock file: `PID START BOOT`. With the boot's id it means one process for all time, also
 * after the host has booted again.
 */
export async function stampOf({ pid, startTicks }: HostProcess): Promise<string> {
  return `${pid} ${startTicks} ${await bootId()}`;
}

/** The stamp of this process. */
export async function ownStamp(): Promise<string> {
  const self = await findProcess(process.pid);
  if (self === undefined) throw new Error('/proc does not show this process; mount /proc');
  return await stampOf(self);
}

/** The process that a stamp means; undefined when it has ended or the text is no stamp. */
export async function stampedProcess(text: string): Promise<HostProcess | undefined> {
  const process = await findProcess(Number(text.trim().split(' ')[0]));
  if (process === undefined) return undefined;
  return (await stampOf(process)) === text.trim() ? process : undefined;
}

/** An id that differs at each boot of the host. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
