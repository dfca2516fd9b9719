import { join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import { InsufficientCapacityError } from '@bakehouse/domain';
import type { DetachedProcess } from '@bakehouse/host';
import { connectQmp, type QmpClient, QmpClosedError } from '@bakehouse/qmp';
import { MachineStartError } from './compute-errors.ts';
import { readTail } from './console-log.ts';
import { machineFileNames } from './machine-files.ts';

export interface AwaitMonitorOptions {
  readonly folder: string;
  readonly ended: DetachedProcess['ended'];
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The time limit of each command over the monitor. */
  readonly commandMs: number;
}

/** Resolves when a QEMU that was just started responds. Rejects with what it wrote when it ends instead. */
export async function awaitMonitor(options: AwaitMonitorOptions): Promise<QmpClient> {
  const { folder, ended, clock, timeoutMs, commandMs } = options;
  const deadline = clock.elapsed() + timeoutMs;
  const socketPath = join(folder, machineFileNames.monitor);
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  for (;;) {
    const remainingMs = deadline - clock.elapsed();
    if (end !== undefined) throw await startError(folder, end);
    if (remainingMs <= 0) throw await startError(folder, `no answer within ${timeoutMs} ms`);
    try {
      return await connectQmp({ socketPath, timeoutMs: commandMs });
    } catch (error) {
      if (!(error instanceof QmpClosedError)) throw error;
      await clock.sleep(10);
    }
  }
}

async function startError(folder: string, how: string): Promise<Error> {
  const text = (await readTail(join(folder, machineFileNames.log), 2000)).toString('utf8').trim();
  const message = `QEMU did not start: ${how}${text ? `; it wrote: ${text}` : ''}`;
  // QEMU has no exit status of its own for a lack of memory.
  return /cannot set up guest memory|Cannot allocate memory/.test(text)
    ? new InsufficientCapacityError(message)
    : new MachineStartError(message);
}
