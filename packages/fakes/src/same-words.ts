import type { BlockWords } from './memory-sources.ts';

/** Whether two disks have the same blocks. */
export function sameWords(one: BlockWords, other: BlockWords): boolean {
  return one.size === other.size && [...one].every(([index, word]) => other.get(index) === word);
}
