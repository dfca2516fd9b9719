import { chunkIdHex } from './chunk-id.ts';
import type { CoderSlot } from './coder-memory.ts';
import type { CoderPool } from './coder-pool.ts';
import type { SegmentSet } from './segment-set.ts';
import { ChunkDamagedError } from './store-errors.ts';

/**
 * Reads the chunk from disk into the slot's `raw`, checked against its name. Throws ChunkDamagedError (and
 * then has marked the chunk, so that a capture stores it anew) or ChunkMissingError.
 */
export async function fetchChunk(
  segments: SegmentSet,
  coders: CoderPool,
  { chunkId, slot }: { readonly chunkId: Uint8Array; readonly slot: CoderSlot },
): Promise<void> {
  const { lengthBytes, location, segmentPath } = await segments.readPayload(chunkId, slot.packed);
  slot.chunkId.set(chunkId);
  const isShort = lengthBytes < location.storedLength;
  const isWhole =
    !isShort &&
    (await coders.ask({
      kind: 'check',
      slot: slot.number,
      packedLength: lengthBytes,
      compressed: location.compressed,
    })) === 1;
  if (isWhole) return;
  const hex = chunkIdHex(chunkId);
  segments.damaged.add(hex);
  throw new ChunkDamagedError(
    { chunkId: hex, segment: segmentPath, offset: location.offset },
    isShort ? 'the segment ends within it' : 'its bytes are not those of its name',
  );
}
