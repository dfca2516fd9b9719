import { QmpClosedError, QmpTimeoutError } from '@bakehouse/qmp';
import { MachineGoneError, MachineUnresponsiveError } from './compute-errors.ts';

/** What a machine that ends or hangs does to a command. */
export function isMachineTrouble(error: unknown): boolean {
  return (
    error instanceof QmpClosedError ||
    error instanceof QmpTimeoutError ||
    error instanceof MachineGoneError ||
    error instanceof MachineUnresponsiveError
  );
}

/** Undefined when the machine ends or hangs. */
export async function withoutTrouble<Result>(work: Promise<Result>): Promise<Result | undefined> {
  return await work.catch((error: unknown) => {
    if (isMachineTrouble(error)) return undefined;
    throw error;
  });
}
