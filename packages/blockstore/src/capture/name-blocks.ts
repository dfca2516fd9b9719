import { hash } from 'node:crypto';
import type { FourLaneHash } from '../sha256/four-lane-hash.ts';
import type { CoderSlot } from './coder-memory.ts';

/** The most blocks that are named in one go. */
export const namedTogetherMax = 4;

/** Puts the name of each block, at most four, into its slot. `hashFour` exists where it is faster. */
export function nameBlocks(slots: readonly CoderSlot[], hashFour: FourLaneHash | undefined): void {
  const [first, second, third, fourth = third] = slots;
  // Four lanes take as long for fewer blocks: one or two are named faster one after the other.
  if (!hashFour || !first || !second || !third || !fourth) {
    for (const { chunkId, raw } of slots) chunkId.set(hash('sha256', raw, 'buffer'));
    return;
  }
  const digests = hashFour([first.raw, second.raw, third.raw, fourth.raw]);
  for (const [lane, slot] of slots.entries()) slot.chunkId.set(digests[lane] ?? []);
}
