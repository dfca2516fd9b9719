import type { InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

const pollMs = 200;

export async function hasMachine(
  { compute }: Pick<WorkflowContext, 'compute'>,
  instanceId: InstanceId,
): Promise<boolean> {
  return (await compute.find(instanceId)) !== undefined;
}

/** A machine on which the button cannot be pressed is left to the time limit. */
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
  /** Asked now and then: a limit that may have become shorter, as work behind this one allows less time. */
  readonly shorterLimitMs?: () => number;
  /** Ends the guest but keeps its machine, as its disks are still being read. */
  readonly halt?: boolean;
}

const pressEveryMs = 10_000;

/**
 * Presses the power button, and again now and then as a guest may not listen yet; kills at the limit. A machine that
 * `halt` has kept has no guest any more, and is ended at once.
 */
export async function shutDown(
  context: Pick<WorkflowContext, 'compute' | 'clock' | 'logger'>,
  instanceId: InstanceId,
  { limitMs, signal, shorterLimitMs, halt = false }: ShutDownOptions,
): Promise<'powered-off' | 'killed'> {
  const { clock, compute, logger } = context;
  const startedAt = clock.elapsed();
  let pressAt = startedAt;
  const end = () => (halt ? compute.halt(instanceId, { now: true }) : compute.kill(instanceId));
  if (halt) await compute.halt(instanceId, { now: false });
  for (;;) {
    const machine = await compute.find(instanceId);
    if (machine?.state === 'halted' && !halt) await compute.kill(instanceId);
    if (!machine || machine.state === 'halted') return 'powered-off';
    const now = clock.elapsed();
    const limitNowMs = Math.min(limitMs, shorterLimitMs?.() ?? limitMs);
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
