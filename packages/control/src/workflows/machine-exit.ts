import type { InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

const pollMs = 200;

async function findMachine({ compute }: Pick<WorkflowContext, 'compute'>, instanceId: InstanceId) {
  return (await compute.list()).find((machine) => machine.instanceId === instanceId);
}

export async function hasMachine(
  context: Pick<WorkflowContext, 'compute'>,
  instanceId: InstanceId,
): Promise<boolean> {
  return (await findMachine(context, instanceId)) !== undefined;
}

/** A machine that does not even take the button is left to the time limit. */
async function pressButton(
  { compute, logger }: Pick<WorkflowContext, 'compute' | 'logger'>,
  instanceId: InstanceId,
): Promise<void> {
  try {
    await compute.pressPowerButton(instanceId);
  } catch (error) {
    logger.log('warn', 'the power button could not be pressed', { instanceId, error });
  }
}

export interface ShutDownOptions {
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Asked now and then: a shorter limit, when somebody is in more of a hurry meanwhile. */
  readonly hurry?: () => Promise<number>;
  /** Ends the guest and lets its machine stand, as its disks are still being read. */
  readonly halt?: boolean;
}

const pressEveryMs = 10_000;
const askEveryMs = 1_000;

/**
 * Presses the power button, again now and then as a guest may not listen yet; kills at the limit. A machine that
 * was left standing by `halt` has no guest any more, and goes at once.
 */
export async function shutDown(
  context: Pick<WorkflowContext, 'compute' | 'clock' | 'logger'>,
  instanceId: InstanceId,
  { limitMs, signal, hurry, halt = false }: ShutDownOptions,
): Promise<'powered-off' | 'killed'> {
  const { clock, compute, logger } = context;
  const startedAt = clock.elapsed();
  let pressAt = startedAt;
  let askAt = startedAt;
  let limitNowMs = limitMs;
  const end = () => (halt ? compute.halt(instanceId, { now: true }) : compute.kill(instanceId));
  if (halt) await compute.halt(instanceId, { now: false });
  for (;;) {
    const machine = await findMachine(context, instanceId);
    if (machine?.state === 'halted' && !halt) await compute.kill(instanceId);
    if (!machine || machine.state === 'halted') return 'powered-off';
    const now = clock.elapsed();
    if (hurry && now >= askAt) {
      limitNowMs = Math.min(limitMs, await hurry());
      askAt = now + askEveryMs;
    }
    if (now - startedAt >= limitNowMs) {
      logger.log('warn', 'guest did not shut down in time, forced', { instanceId, limitNowMs });
      await end();
      return 'killed';
    }
    if (now >= pressAt) {
      await pressButton(context, instanceId);
      pressAt = now + pressEveryMs;
      continue;
    }
    await clock.sleep(pollMs, signal);
  }
}
