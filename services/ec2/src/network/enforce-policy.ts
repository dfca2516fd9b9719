import type { OperationContext } from '@bakehouse/orchestration';

/**
 * Puts what was just committed into force before the reply. A failure is not the caller's: the change is recorded,
 * and the applier retries until it succeeds.
 */
export async function enforcePolicy({ policy, logger }: OperationContext): Promise<void> {
  try {
    await policy.apply();
  } catch (error) {
    logger.log('error', 'security groups not in force yet; will be tried again', { error });
  }
}
