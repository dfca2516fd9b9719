import { blockSizeBytes } from '../format/block-size.ts';
import type { ChunkWriter, PackedChunk } from './chunk-writer.ts';
import type { CoderSlot } from './coder-memory.ts';
import type { CoderPool } from './coder-pool.ts';

export interface StoredBlock {
  /** Undefined when the block is all zeros. */
  readonly chunkId: Uint8Array | undefined;
  /** Bytes of its record; 0 when the chunk was stored already. */
  readonly addedBytes: number;
}

const zeros = Buffer.alloc(blockSizeBytes);

/**
 * Stores the block in a slot's `raw` if it is new. Each test is there to save a dearer step: zeros are not named (the
 * comparison of any other block ends at its first byte that is not zero), and what is stored already is not packed.
 */
export async function storeSlot(
  parts: { readonly coders: CoderPool; readonly chunks: ChunkWriter; readonly epoch: number },
  slot: CoderSlot,
): Promise<StoredBlock> {
  const { coders, chunks, epoch } = parts;
  if (slot.raw.equals(zeros)) return { chunkId: undefined, addedBytes: 0 };
  await coders.ask({ kind: 'name', slot: slot.number });
  const chunkId = Uint8Array.from(slot.chunkId);
  const pack = async () => packedChunk(slot, await coders.ask({ kind: 'pack', slot: slot.number }));
  return { chunkId, addedBytes: await chunks.put(chunkId, { epoch, pack }) };
}

function packedChunk(slot: CoderSlot, packedLength: number): PackedChunk {
  if (packedLength === blockSizeBytes) return { bytes: slot.raw, compressed: false };
  return { bytes: slot.packed.subarray(0, packedLength), compressed: true };
}
