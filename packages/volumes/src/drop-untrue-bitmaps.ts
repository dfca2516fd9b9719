import type { VolumeId } from '@bakehouse/domain';
import type { DirtyBitmap } from './block-graph.ts';
import { diskNode, snapshotOfBitmap } from './block-names.ts';
import type { Monitor } from './monitor-pool.ts';

/** QEMU resizes no image that has bitmaps which a crash made untrue; they are of no use to anybody. */
export function untrueBitmaps(bitmaps: readonly DirtyBitmap[]): readonly string[] {
  return bitmaps
    .filter(({ name, inconsistent }) => inconsistent && snapshotOfBitmap(name) !== undefined)
    .map(({ name }) => name);
}

export async function dropUntrueBitmaps(
  monitor: Monitor,
  volumeId: VolumeId,
  bitmaps: readonly DirtyBitmap[],
): Promise<void> {
  for (const name of untrueBitmaps(bitmaps)) {
    await monitor.execute('block-dirty-bitmap-remove', { node: diskNode(volumeId), name });
  }
}
