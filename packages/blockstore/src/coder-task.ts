import { blockSizeBytes } from './block-size.ts';
import { chunkIdBytes } from './chunk-id.ts';

/** What a coder thread is asked to do with a slot. */
export type CoderTask =
  /**
   * raw → id. Answers `allZeros` (and makes no id), else 0; with `packToo`, what `pack` would: for blocks that
   * are probably new, which saves a way to and fro.
   */
  | { readonly kind: 'name'; readonly slot: number; readonly packToo: boolean }
  /** raw → packed. Answers the packed length; that of a block means that packing does not help. */
  | { readonly kind: 'pack'; readonly slot: number }
  /** packed → raw, compared with id. Answers 1 when they agree, else 0 (raw is then not to be used). */
  | {
      readonly kind: 'check';
      readonly slot: number;
      readonly packedLength: number;
      readonly compressed: boolean;
    };

export const allZeros = -1;

/** Memory shared by the main thread and the coder threads, for one block on its way. */
export interface CoderSlot {
  readonly number: number;
  readonly raw: Buffer;
  readonly packed: Buffer;
  readonly chunkId: Buffer;
}

export const slotBytes = 2 * blockSizeBytes + chunkIdBytes;

export function slotViews(memory: SharedArrayBuffer, number: number): CoderSlot {
  return {
    number,
    raw: Buffer.from(memory, 0, blockSizeBytes),
    packed: Buffer.from(memory, blockSizeBytes, blockSizeBytes),
    chunkId: Buffer.from(memory, 2 * blockSizeBytes, chunkIdBytes),
  };
}
