import { type Clock, secondMs } from '@bakehouse/base';
import { hasCode } from './files.ts';
import { type HostProcess, isAlive } from './processes.ts';

/** A process that does not end, whatever it is sent: usually one that waits for a disk or a dead mount. */
export class ProcessLivesError extends Error {
  override readonly name = 'ProcessLivesError';
  readonly pid: number;

  constructor(pid: number, what: string, waitedMs: number) {
    super(
      `${what} (process ${pid}) has not ended ${waitedMs / secondMs} s after SIGKILL; look at what it waits for: cat /proc/${pid}/stack`,
    );
    this.pid = pid;
  }
}

const pollMs = 10;

/** Sends a signal to this very process; false when it has ended already. */
export async function signalProcess(target: HostProcess, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(target))) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    throw error;
  }
}

/** Waits for the end of a process; false when it still runs after `timeoutMs`. */
export async function waitForEnd(
  process: HostProcess,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<boolean> {
  const deadline = clock.elapsed() + timeoutMs;
  while (await isAlive(process)) {
    if (clock.elapsed() >= deadline) return false;
    await clock.sleep(pollMs);
  }
  return true;
}

/** Kills every process of a group; none is left: no-op. */
export function killProcessGroup(id: number): void {
  try {
    process.kill(-id, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

export interface EndOptions {
  /** What the process is, for the error: `metadata agent`. */
  readonly what: string;
  readonly clock: Clock;
  /** From SIGTERM to SIGKILL; 0 sends SIGKILL at once. */
  readonly graceMs: number;
  /** From SIGKILL to ProcessLivesError; 10 s if not given. */
  readonly killMs?: number;
}

/** Ends a process and resolves when it has ended. Rejects with ProcessLivesError. */
export async function endProcess(process: HostProcess, options: EndOptions): Promise<void> {
  const { what, clock, graceMs, killMs = 10 * secondMs } = options;
  if (graceMs > 0) {
    await signalProcess(process, 'SIGTERM');
    if (await waitForEnd(process, { clock, timeoutMs: graceMs })) return;
  }
  await signalProcess(process, 'SIGKILL');
  if (await waitForEnd(process, { clock, timeoutMs: killMs })) return;
  throw new ProcessLivesError(process.pid, what, killMs);
}
