import type { DirtyBitmap } from '../qemu/block-graph.ts';
import { snapshotOfBitmap } from './block-names.ts';

/** Our bitmaps that a crash left wrong: QEMU resizes no image that has one, and nobody can use them. */
export function wrongBitmaps(bitmaps: readonly DirtyBitmap[]): readonly string[] {
  return bitmaps
    .filter(({ name, inconsistent }) => inconsistent && snapshotOfBitmap(name) !== undefined)
    .map(({ name }) => name);
}
