import { isResourceId } from '@bakehouse/base';
import type { SnapshotId, VolumeId } from '@bakehouse/domain';

/**
 * Names in QEMU's block layer. A node's name has at most 31 characters: a resource id of 22 leaves room for
 * a short suffix. A snapshot belongs to one volume, so its id alone names the job, the node, and the export.
 */
export const diskNode = (volumeId: VolumeId): string => volumeId;
export const diskFileNode = (volumeId: VolumeId): string => `${volumeId}-f`;
export const originNode = (volumeId: VolumeId): string => `${volumeId}-b`;
export const fleeceNode = (snapshotId: SnapshotId): string => snapshotId;
export const fleeceFileNode = (snapshotId: SnapshotId): string => `${snapshotId}-f`;
export const hydrateJob = (volumeId: VolumeId): string => `hydrate-${volumeId}`;

/** Records what changes after the freeze. Persistent: it outlives an orderly end of the machine. */
export const sinceBitmap = (snapshotId: SnapshotId): string => `since-${snapshotId}`;
/** A copy, made at the freeze, of what had changed since the snapshot before. Lives as long as the view. */
export const changedBitmap = (snapshotId: SnapshotId): string => `chg-${snapshotId}`;
/** In a fleece file: stored only when QEMU closed the file in an orderly way. */
export const intactBitmap = 'intact';

/** The snapshot of a bitmap that this package made. */
export function snapshotOfBitmap(name: string): SnapshotId | undefined {
  const id = /^(?:since|chg)-(.+)$/.exec(name)?.[1];
  return id !== undefined && isResourceId('snap', id) ? id : undefined;
}

/**
 * Granularity of all bitmaps, in bytes: the cluster of the overlay, so that a bit is what a write allocates.
 * It divides the 512 KiB block of snapshot maps.
 */
export const bitmapGranularityBytes = 65_536;
