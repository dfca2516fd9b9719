/** The most blocks of an order: 2 GiB of data. */
export const orderBlocksMax = 4096;
/** Fewer blocks say nothing about a boot: something looked at the disk. */
const orderBlocksMin = 16;
/** After so many launches an order is known well enough. */
const launchesMax = 3;

/** The order in which a map's blocks were first read. */
export interface ReadOrder {
  /** How many launches it was learned from. */
  readonly launches: number;
  /** Each once. */
  readonly blocks: readonly number[];
}

/** What a launch read. */
export interface RecordedReads {
  /** Blocks with data in the order of their first reads. */
  readonly blocks: readonly number[];
  /** It read something else than the order that it was read ahead by. */
  readonly departed: boolean;
}

/**
 * The order to keep after a launch; undefined: that from before. The first launches add what they read later or beside it, as
 * the first one may have ended early. One that departs from the order begins a new one: an order that does not fit is
 * worth nothing, whoever made it.
 */
export function learnedOrder(
  before: ReadOrder | undefined,
  { blocks, departed }: RecordedReads,
): ReadOrder | undefined {
  if (blocks.length < orderBlocksMin) return undefined;
  if (!before || departed) return { launches: 1, blocks: blocks.slice(0, orderBlocksMax) };
  if (before.launches >= launchesMax) return undefined;
  const known = new Set(before.blocks);
  const added = blocks.filter((block) => !known.has(block));
  return {
    launches: before.launches + 1,
    blocks: [...before.blocks, ...added].slice(0, orderBlocksMax),
  };
}
