import { isResourceId } from '@bakehouse/base';
import type { SnapshotId, VolumeId } from '@bakehouse/domain';

/**
 * Names in QEMU's block layer. A node's name has at most 31 characters: a resource id of 22 leaves room for a
 * short suffix. A snapshot belongs to one volume, so its id alone names the job, the node, and the export.
 */
export const diskNode = (volumeId: VolumeId): string => volumeId;
export const diskFileNode = (volumeId: VolumeId): string => `${volumeId}-f`;
export const originNode = (volumeId: VolumeId): string => `${volumeId}-b`;
export const fleeceNode = (snapshotId: SnapshotId): string => snapshotId;
export const fleeceFileNode = (snapshotId: SnapshotId): string => `${snapshotId}-f`;
export const hydrateJob = (volumeId: VolumeId): string => `hydrate-${volumeId}`;

/** Records every write after the freeze (and a few before it). Persistent: it survives an orderly end of the machine. */
export const sinceBitmap = (snapshotId: SnapshotId): string => `since-${snapshotId}`;
/** A copy, made at the freeze, of the bitmap of the snapshot before. Exists as long as the view. */
export const changedBitmap = (snapshotId: SnapshotId): string => `chg-${snapshotId}`;
/** In a fleece file: stored only when QEMU closes the file in an orderly way. */
export const intactBitmap = 'intact';

/** The snapshot of a bitmap that this package made. */
export function snapshotOfBitmap(name: string): SnapshotId | undefined {
  const id = /^(?:since|chg)-(.+)$/.exec(name)?.[1];
  return id !== undefined && isResourceId('snap', id) ? id : undefined;
}
