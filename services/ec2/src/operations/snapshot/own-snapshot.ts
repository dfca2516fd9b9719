import {
  apiError,
  isInRegion,
  isSharedWith,
  type MetadataReader,
  type Snapshot,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { checkId, notFound } from '../../lookup/lookups.ts';

/** The caller's own snapshot; one that it may only use is `AuthFailure`. */
export async function ownSnapshot(
  reader: MetadataReader,
  scope: Pick<OperationContext, 'accountId' | 'region'>,
  id: string,
): Promise<Snapshot> {
  checkId('snapshot', id);
  const snapshot = await reader.get('snapshot', id);
  const here = snapshot && isInRegion(snapshot, scope.region);
  if (!here || !isSharedWith(snapshot, scope.accountId)) {
    throw notFound('snapshot', id);
  }
  if (snapshot.ownerId === scope.accountId) return snapshot;
  throw apiError('AuthFailure', { message: `Not authorized for snapshot:${id}` });
}
