import { minuteMs, secondMs } from '@bakehouse/base';
import { BlockServerUnreachableError } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import type { WorkInProgress } from '../workflow/definition.ts';

/** A server that ended is started again within seconds; a large store takes longer to open. */
const absenceMsMax = 5 * minuteMs;
const pauseMs = secondMs;

/**
 * Does the work, and again while the block server is away: what was promised to a caller does not fail because
 * it is being started again. Fails with what the last try said when it stays away for minutes.
 */
export async function awaitBlockServer<Result>(
  context: Pick<WorkflowContext, 'clock' | 'logger'>,
  { signal }: WorkInProgress,
  work: () => Promise<Result>,
): Promise<Result> {
  const { clock, logger } = context;
  const endsAt = clock.elapsed() + absenceMsMax;
  for (let isTold = false; ; isTold = true) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BlockServerUnreachableError) || clock.elapsed() >= endsAt) throw error;
      if (!isTold) logger.log('warn', 'waiting for the block server', { error: error.message });
      await clock.sleep(pauseMs, signal);
    }
  }
}
