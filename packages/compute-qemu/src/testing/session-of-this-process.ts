import { silentLogger, systemClock } from '@bakehouse/base';
import { findProcess } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { onTestFinished } from 'vitest';
import { type ComputeLimits, computeLimitsDefault } from '../compute-limits.ts';
import { MachineSession } from '../machine-session.ts';

/** A session of a machine whose process is this one. Without a client it finds no monitor in the folder. */
export async function sessionOfThisProcess(
  folder: string,
  limits: Partial<ComputeLimits>,
  client?: QmpClient,
): Promise<MachineSession> {
  const machine = await findProcess(process.pid);
  if (machine === undefined) throw new Error('this process exists');
  const session = new MachineSession(
    {
      ...{ folder, process: machine, clock: systemClock, logger: silentLogger },
      record: { instanceId: 'i-0123456789abcdef0', generation: 1, claimBytes: 0 },
      groups: {
        ...{ kind: 'none', detail: 'none', make: async () => [] },
        ...{ ranOutOfMemory: async () => false, remove: async () => {} },
      },
      limits: { ...computeLimitsDefault, ...limits },
      holding: (work) => work(),
      emit: () => {},
    },
    client,
  );
  onTestFinished(() => session.close());
  return session;
}
