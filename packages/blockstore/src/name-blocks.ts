import { hash } from 'node:crypto';
import type { CoderSlot } from './coder-memory.ts';
import type { FourLaneHash } from './sha256/four-lane-hash.ts';

/** The most blocks that are named in one go. */
export const namedTogetherMax = 4;

/** Four lanes take as long for fewer blocks; for two, one after the other by OpenSSL is faster. */
const lanesPayFrom = 3;

/** Puts the name of each block, at most four, into its slot. */
export function nameBlocks(hashFour: FourLaneHash, slots: readonly CoderSlot[]): void {
  const [first, second, third, fourth = third] = slots;
  if (slots.length < lanesPayFrom || !first || !second || !third || !fourth) {
    for (const slot of slots) slot.chunkId.set(hash('sha256', slot.raw, 'buffer'));
    return;
  }
  const together = [first, second, third, fourth] as const;
  const digests = hashFour([first.raw, second.raw, third.raw, fourth.raw]);
  for (const [lane, slot] of together.entries()) slot.chunkId.set(digests[lane] ?? []);
}
