import type { SnapshotId, VolumeId } from '@bakehouse/domain';

/** There is no such disk, or the named machine does not have it. */
export class DiskMissingError extends Error {
  override readonly name = 'DiskMissingError';
  readonly volumeId: VolumeId;

  constructor(volumeId: VolumeId, where: string) {
    super(`no disk of ${volumeId} ${where}`);
    this.volumeId = volumeId;
  }
}

/** The operation is not possible while a view of the disk is frozen. Try again after the thaw. */
export class DiskFrozenError extends Error {
  override readonly name = 'DiskFrozenError';
  readonly volumeId: VolumeId;

  constructor(volumeId: VolumeId, operation: string, snapshotIds: readonly SnapshotId[]) {
    const views = snapshotIds.length > 0 ? ` (${snapshotIds.join(', ')})` : '';
    super(`cannot ${operation} ${volumeId} while a view of it is frozen${views}; thaw it first`);
    this.volumeId = volumeId;
  }
}

/** A file is not in a format that this version reads. */
export class DiskFormatError extends Error {
  override readonly name = 'DiskFormatError';
}

/** QEMU did not reach the expected state in time. */
export class VolumeTimeoutError extends Error {
  override readonly name = 'VolumeTimeoutError';
}
