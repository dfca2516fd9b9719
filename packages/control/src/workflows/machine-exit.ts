import type { InstanceId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

const pollMs = 200;

export async function hasMachine(
  context: Pick<WorkflowContext, 'compute'>,
  instanceId: InstanceId,
): Promise<boolean> {
  const machines = await context.compute.list();
  return machines.some((machine) => machine.instanceId === instanceId);
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
}

const pressEveryMs = 10_000;
const askEveryMs = 1_000;

/** Presses the power button, again now and then as a guest may not listen yet; kills at the limit. */
export async function shutDown(
  context: Pick<WorkflowContext, 'compute' | 'clock' | 'logger'>,
  instanceId: InstanceId,
  { limitMs, signal, hurry }: ShutDownOptions,
): Promise<'powered-off' | 'killed'> {
  const { clock, compute, logger } = context;
  const startedAt = clock.elapsed();
  let pressAt = startedAt;
  let askAt = startedAt;
  let limitNowMs = limitMs;
  while (await hasMachine(context, instanceId)) {
    const now = clock.elapsed();
    if (hurry && now >= askAt) {
      limitNowMs = Math.min(limitMs, await hurry());
      askAt = now + askEveryMs;
    }
    if (now - startedAt >= limitNowMs) {
      logger.log('warn', 'guest did not shut down in time, forced', { instanceId, limitNowMs });
      await compute.kill(instanceId);
      return 'killed';
    }
    if (now >= pressAt) {
      await pressButton(context, instanceId);
      pressAt = now + pressEveryMs;
      continue;
    }
    await clock.sleep(pollMs, signal);
  }
  return 'powered-off';
}
