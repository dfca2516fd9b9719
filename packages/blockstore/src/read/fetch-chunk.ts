import type { CoderSlot } from '../capture/coder-memory.ts';
import type { CoderPool } from '../capture/coder-pool.ts';
import { contentIdHex } from '../format/content-id.ts';
import type { SegmentSet, StoredPayload } from '../segments/segment-set.ts';
import { ChunkDamagedError } from '../store-errors.ts';

export interface ChunkFetch {
  readonly chunkId: Uint8Array;
  readonly slot: CoderSlot;
  /** Waited for between the disk and the threads. */
  readonly turn?: () => Promise<void>;
}

/**
 * Reads the chunk from disk into the slot's `raw`, checked against its name. Throws ChunkDamagedError (and
 * then has marked the chunk, so that a capture stores it again) or ContentMissingError.
 */
export async function fetchChunk(
  segments: SegmentSet,
  coders: CoderPool,
  { chunkId, slot, turn }: ChunkFetch,
): Promise<void> {
  const stored = await segments.readPayload(chunkId, slot.packed);
  slot.chunkId.set(chunkId);
  await turn?.();
  const problem = await problemOf(coders, slot, stored);
  if (problem === undefined) return;
  const { location, segmentPath } = stored;
  segments.noteDamage(chunkId, location);
  throw new ChunkDamagedError(
    { chunkId: contentIdHex(chunkId), segment: segmentPath, offset: location.offset },
    problem,
  );
}

/** What is wrong with the payload in the slot; when nothing is, the slot's `raw` is the chunk. */
async function problemOf(
  coders: CoderPool,
  slot: CoderSlot,
  { lengthBytes, location }: StoredPayload,
): Promise<string | undefined> {
  if (lengthBytes === 'unreadable') return 'the disk cannot read it (see dmesg)';
  if (lengthBytes < location.storedLength) return 'the segment ends within it';
  const result = await coders.ask({
    kind: 'check',
    slot: slot.number,
    packedLength: lengthBytes,
    compressed: location.compressed,
  });
  return result === 1 ? undefined : 'its bytes do not have the checksum of its name';
}
