import { join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import { InsufficientCapacityError } from '@bakehouse/domain';
import { connectQmp, type QmpClient, QmpClosedError } from '@bakehouse/qmp';
import { MachineStartError } from './compute-errors.ts';
import { readTail } from './console-log.ts';
import { machineFileNames } from './machine-files.ts';
import type { SpawnedMachine } from './spawn-machine.ts';

export interface AwaitMonitorOptions {
  readonly folder: string;
  readonly machine: SpawnedMachine;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** For each command, later. */
  readonly commandMs: number;
}

/** Resolves when a QEMU that was just started answers; throws with what it said when it ended instead. */
export async function awaitMonitor(options: AwaitMonitorOptions): Promise<QmpClient> {
  const { folder, machine, clock, timeoutMs, commandMs } = options;
  const deadline = clock.elapsed() + timeoutMs;
  const socketPath = join(folder, machineFileNames.monitor);
  let end: string | undefined;
  machine.ended.then((how) => {
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
  const said = (await readTail(join(folder, machineFileNames.log), 2000)).toString('utf8').trim();
  const message = `QEMU did not start: ${how}${said ? `; it said: ${said}` : ''}`;
  return /cannot set up guest memory|Cannot allocate memory/.test(said)
    ? new InsufficientCapacityError(message)
    : new MachineStartError(message);
}
