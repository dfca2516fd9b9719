import type { Snapshot, Tags, Volume } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';

export interface SnapshotRequest {
  readonly volume: Volume;
  readonly description: string;
  readonly tags: Tags;
}

/** The record of a snapshot that is about to be taken. */
export function planSnapshot(
  context: Pick<OperationContext, 'accountId' | 'region' | 'now' | 'ids'>,
  { volume, description, tags }: SnapshotRequest,
): Snapshot {
  return {
    id: context.ids.resource('snap'),
    ownerId: context.accountId,
    region: context.region,
    tags,
    createdAt: context.now,
    volumeId: volume.id,
    sizeGiB: volume.sizeGiB,
    description,
    state: 'pending',
    progressPercent: 0,
    startedAt: context.now,
    encrypted: false,
    mapId: context.ids.resource('map'),
    createVolumePermissions: { everyone: false, accountIds: [] },
  };
}
