import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMap } from './block-map.ts';

/** A map of 1 TiB has two million blocks; guests' reads are answered by the same event loop. */
const positionsPerTurn = 16_384;

/** Visits the position of every block of a map, and lets other work in between. */
export async function walkMap(map: BlockMap, visit: (position: number) => void): Promise<void> {
  const count = map.blockIndexes.length;
  for (let start = 0; start < count; start += positionsPerTurn) {
    if (start > 0) await nextTurn();
    const end = Math.min(start + positionsPerTurn, count);
    for (let position = start; position < end; position += 1) visit(position);
  }
}
