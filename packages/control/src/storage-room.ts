import { type ApiError, apiError } from '@bakehouse/domain';
import type { OperationContext } from './context.ts';

/**
 * The refusal of new volumes and snapshots while the host has no room for them; undefined while it has. To be
 * asked before a transaction and thrown within it, after all that is wrong with the request itself.
 */
export async function storageRefusal({
  powers,
}: Pick<OperationContext, 'powers'>): Promise<ApiError | undefined> {
  const [shortage] = (await powers.room?.shortages()) ?? [];
  return shortage === undefined
    ? undefined
    : apiError('InsufficientVolumeCapacity', { message: shortage });
}
