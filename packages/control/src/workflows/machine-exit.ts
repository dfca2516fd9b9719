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

/** True when the machine was gone within the limit. */
export async function waitForExit(
  context: Pick<WorkflowContext, 'compute' | 'clock'>,
  instanceId: InstanceId,
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
): Promise<boolean> {
  const deadline = context.clock.now() + limitMs;
  while (await hasMachine(context, instanceId)) {
    if (context.clock.now() >= deadline) return false;
    await context.clock.sleep(pollMs, signal);
  }
  return true;
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

/** Presses the power button, again now and then as a guest may not listen yet; kills at the limit. */
export async function shutDown(
  context: Pick<WorkflowContext, 'compute' | 'clock' | 'logger'>,
  instanceId: InstanceId,
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
): Promise<'powered-off' | 'killed'> {
  const pressEveryMs = 10_000;
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pressEveryMs) {
    await pressButton(context, instanceId);
    const limit = { limitMs: Math.min(pressEveryMs, limitMs - waitedMs), signal };
    if (await waitForExit(context, instanceId, limit)) return 'powered-off';
  }
  context.logger.log('warn', 'guest did not shut down in time, forced', { instanceId, limitMs });
  await context.compute.kill(instanceId);
  return 'killed';
}
