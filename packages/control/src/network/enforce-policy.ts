import type { OperationContext } from '../context.ts';

/**
 * Brings what was just committed into force before the answer. When that fails the change stands, as it is
 * recorded; the applier tries again by itself until it succeeds.
 */
export async function enforcePolicy({ policy, logger }: OperationContext): Promise<void> {
  try {
    await policy.apply();
  } catch (error) {
    logger.log('error', 'security groups not in force yet, will be tried again', { error });
  }
}
