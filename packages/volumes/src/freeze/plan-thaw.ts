import type { FreezeVolume } from '@bakehouse/domain';
import type { DirtyBitmap } from '../qemu/block-graph.ts';
import { changedBitmap, sinceBitmap, snapshotOfBitmap } from './block-names.ts';

export type ThawOutcome = 'captured' | 'abandoned';

/**
 * The bitmaps to remove at a thaw. `captured` keeps the new one, and when no other view of the volume is left,
 * nothing else; `abandoned` keeps all but those that this freeze made. Bitmaps of other owners are not touched.
 */
export function planBitmapsAtThaw(
  bitmaps: readonly DirtyBitmap[],
  volume: FreezeVolume,
  options: { readonly outcome: ThawOutcome; readonly isLastView: boolean },
): readonly string[] {
  const since = sinceBitmap(volume.snapshotId);
  const older = volume.sinceSnapshotId && sinceBitmap(volume.sinceSnapshotId);
  const hasSince = bitmaps.some(({ name, inconsistent }) => name === since && !inconsistent);
  const isObsolete = ({ name, inconsistent }: DirtyBitmap): boolean => {
    if (snapshotOfBitmap(name) === undefined) return false;
    if (inconsistent || name === changedBitmap(volume.snapshotId)) return true;
    if (options.outcome === 'abandoned') return name === since;
    if (name === since) return false;
    // Without the new bitmap this may be a late repetition: a newer snapshot's bitmap must stay.
    return name === older || (hasSince && options.isLastView);
  };
  return bitmaps.filter(isObsolete).map(({ name }) => name);
}
