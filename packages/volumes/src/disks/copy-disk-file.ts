import type { VolumeId } from '@bakehouse/domain';
import { copyLargeFile } from '@bakehouse/host';
import type { VolumeContext } from '../volume-context.ts';

interface DiskCopy {
  readonly from: VolumeId;
  readonly to: VolumeId;
  readonly signal: AbortSignal;
}

/** Copies what was written to a disk. Nothing uses either disk. */
export async function copyDiskFile(
  { paths }: VolumeContext,
  { from, to, signal }: DiskCopy,
): Promise<void> {
  await copyLargeFile(paths.disk(from), paths.disk(to), { signal });
}
