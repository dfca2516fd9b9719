import { blockSizeBytes } from '../format/block-size.ts';
import { contentIdBytes } from '../format/content-id.ts';
import { scratchBytes } from '../sha256/scratch-layout.ts';

/** A place for one block on its way, in the memory that the main thread and the coder threads share. */
export interface CoderSlot {
  readonly number: number;
  readonly raw: Buffer;
  readonly packed: Buffer;
  readonly chunkId: Buffer;
}

const cacheLineBytes = 64;
const pageBytes = 65_536;
const slotBytes = 2 * blockSizeBytes + cacheLineBytes;

/** Slots, and behind them what each thread needs to hash. Pages that are never used take no memory. */
export function makeCoderMemory(slotCount: number, threadCount: number): WebAssembly.Memory {
  const pages = Math.ceil(scratchOffset(slotCount, threadCount) / pageBytes);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

export function slotViews(memory: WebAssembly.Memory, number: number): CoderSlot {
  const view = (offset: number, lengthBytes: number) =>
    Buffer.from(memory.buffer, number * slotBytes + offset, lengthBytes);
  return {
    number,
    raw: view(0, blockSizeBytes),
    packed: view(blockSizeBytes, blockSizeBytes),
    chunkId: view(2 * blockSizeBytes, contentIdBytes),
  };
}

export function scratchOffset(slotCount: number, threadNumber: number): number {
  return slotCount * slotBytes + threadNumber * scratchBytes;
}
