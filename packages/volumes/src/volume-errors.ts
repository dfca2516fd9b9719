import type { SnapshotId, VolumeId } from '@bakehouse/domain';

/** There is no such disk, or the machine that was named does not have it. */
export class DiskMissingError extends Error {
  override readonly name = 'DiskMissingError';
  readonly volumeId: VolumeId;

  constructor(volumeId: VolumeId, where: string) {
    super(`no disk of ${volumeId} ${where}`);
    this.volumeId = volumeId;
  }
}

/** The disk cannot be used like this while a view of it is frozen. Try again after the thaw. */
export class DiskFrozenError extends Error {
  override readonly name = 'DiskFrozenError';
  readonly volumeId: VolumeId;

  constructor(volumeId: VolumeId, wish: string, snapshotIds: readonly SnapshotId[]) {
    const views = snapshotIds.length > 0 ? ` (${snapshotIds.join(', ')})` : '';
    super(`cannot ${wish} ${volumeId} while a view of it is frozen${views}; thaw it first`);
    this.volumeId = volumeId;
  }
}

/** A QEMU tool failed; the message has its own words. */
export class QemuToolError extends Error {
  override readonly name = 'QemuToolError';
}

/** What is on disk is not what this version writes. */
export class DiskFormatError extends Error {
  override readonly name = 'DiskFormatError';
}

/** QEMU did not come to the expected state in time. */
export class VolumeTimeoutError extends Error {
  override readonly name = 'VolumeTimeoutError';
}
