import { GiB } from '@bakehouse/base';
import {
  type DiskBacking,
  isFastRestoreEnabled,
  type MetadataReader,
  type MetadataTransaction,
  type Volume,
  type VolumeId,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { changeVolume } from './volume-record.ts';

/** Makes the volume's disk, or finds it. Returns what is behind it. */
export async function makeDisk(
  { volumes, launches, clock }: Pick<WorkflowContext, 'volumes' | 'launches' | 'clock'>,
  { id: volumeId, sizeGiB, originMapId }: Volume,
): Promise<DiskBacking> {
  const origin = originMapId ? { originMapId } : {};
  const backing = await volumes.create({ volumeId, sizeBytes: sizeGiB * GiB, ...origin });
  if (originMapId) launches.note(originMapId, clock.now());
  return backing;
}

/** Whether `noteFastRestore` has something to record of these volumes, which have a hot map behind them. */
export async function areRestoredFast(
  reader: MetadataReader,
  volumeIds: readonly VolumeId[],
): Promise<boolean> {
  for (const volumeId of volumeIds) {
    const volume = await reader.get('volume', volumeId);
    if (volume && (await isFastRestoreEnabled(reader, volume))) return true;
  }
  return false;
}

/**
 * Records that a new volume was restored fast, where that is so: it has a hot map behind it, and fast restores of its
 * snapshot are enabled in its zone.
 */
export async function noteFastRestore(
  tx: MetadataTransaction,
  volumeId: VolumeId,
  backing: DiskBacking,
): Promise<void> {
  const volume = await tx.get('volume', volumeId);
  if (backing !== 'hot' || !volume || !(await isFastRestoreEnabled(tx, volume))) return;
  await changeVolume(tx, volumeId, (each) => ({ ...each, fastRestored: true }));
}
