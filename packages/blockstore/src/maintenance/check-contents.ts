import { crc32 } from 'node:zlib';
import { allEnded } from '@bakehouse/base';
import type { CaptureProgress } from '@bakehouse/domain';
import type { CoderPool } from '../capture/coder-pool.ts';
import { contentKey } from '../format/content-id.ts';
import { decodeRecordHeader, recordHeaderBytes } from '../format/record-format.ts';
import type { PageStore } from '../maps/page-store.ts';
import { fetchChunk } from '../read/fetch-chunk.ts';
import type { IndexEntry } from '../segments/content-index.ts';
import { readSegment, recordBytesIn, type Segment } from '../segments/segment.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import { ChunkDamagedError, ContentMissingError } from '../store-errors.ts';

export interface CheckContext {
  readonly segments: SegmentSet;
  readonly pages: PageStore;
  readonly coders: CoderPool;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
}

export interface ContentProblem {
  readonly what: 'chunk' | 'page';
  readonly problem: string;
}

/** Reads every chunk and page of the index, segment by segment, in order of offset. */
export async function checkContents(context: CheckContext) {
  const { segments, coders, signal, onProgress } = context;
  const damaged = new Map<string, ContentProblem>();
  const totalBytes = segments.segments().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  let checkedChunks = 0;
  for (const segment of segments.segments()) {
    const entries = segments.entriesOf(segment).toSorted((a, b) => a.offset - b.offset);
    const queue = entries.values();
    const lane = async () => {
      for (const entry of queue) {
        signal.throwIfAborted();
        const found = await checkContent(context, segment, entry);
        if (segment.kind === 'chunks') checkedChunks += 1;
        if (found !== undefined) damaged.set(contentKey(entry.contentId), found);
        doneBytes += recordBytesIn(segment, entry);
        onProgress?.({ doneBytes, totalBytes });
      }
    };
    await allEnded(Array.from({ length: coders.width }, lane));
  }
  return { checkedChunks, damaged };
}

async function checkContent(
  context: CheckContext,
  segment: Segment,
  entry: IndexEntry,
): Promise<ContentProblem | undefined> {
  if (segment.kind === 'pages') {
    const problem = await context.pages.check(entry.contentId);
    const isStored = context.segments.index.has(entry.contentId);
    return problem === undefined || !isStored ? undefined : { what: 'page', problem };
  }
  const problem = await checkChunk(context, segment, entry);
  return problem === undefined ? undefined : { what: 'chunk', problem };
}

/** What is wrong with the chunk as it is on disk. */
async function checkChunk(
  { segments, coders }: CheckContext,
  segment: Segment,
  entry: IndexEntry,
): Promise<string | undefined> {
  const { contentId: chunkId } = entry;
  return coders.withSlot(async (slot) => {
    try {
      await fetchChunk(segments, coders, { chunkId, slot });
      return undefined;
    } catch (error) {
      // Pruned meanwhile.
      if (error instanceof ContentMissingError) return undefined;
      if (!(error instanceof ChunkDamagedError)) throw error;
      return (await isGoodCiphertext(segment, entry)) ? undefined : error.message;
    }
  });
}

/** An encrypted chunk cannot be compared with its name without its key: its stored bytes must be whole. */
async function isGoodCiphertext(segment: Segment, entry: IndexEntry): Promise<boolean> {
  const bytes = await readSegment(segment, entry.offset, recordBytesIn(segment, entry)).catch(() =>
    Buffer.alloc(0),
  );
  const header = decodeRecordHeader(bytes, segment.version);
  const payload = bytes.subarray(recordHeaderBytes(segment.version));
  return header?.keyId !== undefined && crc32(payload) === header.payloadCrc;
}
