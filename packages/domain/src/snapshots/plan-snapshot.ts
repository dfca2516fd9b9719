import type { TimestampMs } from '@bakehouse/base';
import type { BlockMapId, Resource, SnapshotId } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { Snapshot, SnapshotOrigin } from '../records/snapshot.ts';
import type { Volume } from '../records/volume.ts';

/** What EC2 shows as the volume of a snapshot that is of none: of a copy, an import, an upload. */
export const noVolumeId = 'vol-ffffffff';

export interface SnapshotDraft extends Resource<SnapshotId> {
  readonly mapId: BlockMapId;
  readonly origin: SnapshotOrigin;
  /** The volume, or its substitute: `noVolumeId` and the size of the content. */
  readonly volume: Pick<Volume, 'id' | 'sizeGiB'>;
  readonly description: string;
}

/** A pending snapshot, which nobody else may use. */
export function planSnapshot({ volume, ...draft }: SnapshotDraft): Snapshot {
  const { id: volumeId, sizeGiB } = volume;
  return {
    ...draft,
    volumeId,
    sizeGiB,
    state: 'pending',
    progressPercent: 0,
    startedAt: draft.createdAt,
    createVolumePermissions: { everyone: false, accountIds: [] },
  };
}

/** The snapshot when its blocks are in the store. Without `fullSizeBytes` it has no blocks at all. */
export function completeSnapshot(
  snapshot: Snapshot,
  { at, fullSizeBytes }: { readonly at: TimestampMs; readonly fullSizeBytes?: number },
): Snapshot {
  return {
    ...snapshot,
    state: 'completed',
    progressPercent: 100,
    completedAt: at,
    ...definedMembers({ fullSizeBytes }),
  };
}
