import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import {
  type BlockMapId,
  type BlockMapSummary,
  blockBytes,
  type HotWork,
  type MapBlock,
  MapMissingError,
} from '@bakehouse/domain';
import type { HotContext } from './hot-context.ts';

/** Blocks whose names are read at once. */
const pageSize = 1000;
/** Blocks in memory at once. */
const atOnce = 4;

/** Reads the map's head, or rejects with MapMissingError. */
export async function readSummary(
  { maps }: Pick<HotContext, 'maps'>,
  mapId: BlockMapId,
): Promise<BlockMapSummary> {
  const summary = await maps.find(mapId);
  if (!summary) throw new MapMissingError(mapId);
  return summary;
}

/**
 * Visits the blocks that the map names, in order, a few at a time. After each few it rests for as long as they took: guests
 * need the disk and the block server more than this does.
 */
export async function forEachBlock(
  { maps, clock }: Pick<HotContext, 'maps' | 'clock'>,
  { mapId, blockCount }: BlockMapSummary,
  { signal, onProgress }: HotWork,
  visit: (block: MapBlock) => Promise<void>,
): Promise<void> {
  let done = 0;
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = await maps.listBlocks(mapId, { from, limit: pageSize });
    for (let at = 0; at < page.blocks.length; at += atOnce) {
      signal.throwIfAborted();
      const begun = clock.elapsed();
      const few = page.blocks.slice(at, at + atOnce);
      await Promise.all(few.map(visit));
      done += few.length;
      onProgress?.({ doneBytes: done * blockBytes, totalBytes: blockCount * blockBytes });
      await clock.sleep(clock.elapsed() - begun, signal);
    }
    from = page.next;
  }
}

/** Whether bytes of a block have the block's name. The last one of a disk is padded with zeros. */
export function hasName(bytes: Uint8Array, { chunkId }: MapBlock): boolean {
  return hash('sha256', bytes, 'hex') === chunkId;
}

/** Writes a whole block where it belongs, but nothing behind the end of the disk. */
export async function writeBlock(
  file: FileHandle,
  bytes: Uint8Array,
  { blockIndex, sizeBytes }: { readonly blockIndex: number; readonly sizeBytes: number },
): Promise<void> {
  const offset = blockIndex * blockBytes;
  const length = Math.min(bytes.length, sizeBytes - offset);
  for (let at = 0; at < length; ) {
    const { bytesWritten } = await file.write(bytes, at, length - at, offset + at);
    at += bytesWritten;
  }
}

/** Reads a block, padded with zeros behind the end of the file. */
export async function readFileBlock(file: FileHandle, blockIndex: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(blockBytes);
  const offset = blockIndex * blockBytes;
  for (let at = 0; at < blockBytes; ) {
    const { bytesRead } = await file.read(bytes, at, blockBytes - at, offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes;
}
