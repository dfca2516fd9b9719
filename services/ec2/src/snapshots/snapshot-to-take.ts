import {
  type ImageId,
  planSnapshot,
  type Snapshot,
  type Tags,
  type Volume,
  type WorkflowId,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

export interface TakenSnapshot {
  readonly volume: Volume;
  readonly description: string;
  readonly tags: Tags;
  readonly origin: { readonly workflowId: WorkflowId; readonly imageId?: ImageId };
}

/** The record of a snapshot that a workflow is about to take of the caller's volume. */
export function snapshotToTake(
  { ids, accountId, region, now }: Pick<OperationContext, 'accountId' | 'region' | 'now' | 'ids'>,
  { origin, ...given }: TakenSnapshot,
): Snapshot {
  return planSnapshot({
    ...given,
    id: ids.resource('snap'),
    mapId: ids.resource('map'),
    ownerId: accountId,
    region,
    createdAt: now,
    origin: { kind: 'capture', ...origin },
  });
}
