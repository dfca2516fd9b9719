import { createHash, hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BlockMapId, DraftConflictError, type DraftExpectation } from '@bakehouse/domain';
import { blockCountOf, blockSizeBytes } from '../format/block-size.ts';
import { contentIdAt, contentIdBytes } from '../format/content-id.ts';
import type { DraftEntry, DraftHeader } from '../format/draft-format.ts';
import type { DraftFolder } from '../maps/draft-folder.ts';
import type { TreeWriter } from '../maps/tree-writer.ts';

/** The blocks of 1 TiB at a time, in 66 MiB: a larger draft is read several times. */
const windowBlocks = 2_097_152;
const blocksPerTurn = 8192;
const states = { notWritten: 0, zeros: 1, chunk: 2 } as const;

export interface WrittenBlocks {
  readonly count: number;
  readonly addedBytes: number;
  /** SHA-256 over the blocks' own checksums, in order of block. */
  readonly linearChecksum: string;
}

let zerosHex: string | undefined;

/** The checksum of a block of zeros, which has no chunk. */
export function zerosChecksum(): string {
  zerosHex ??= hash('sha256', Buffer.alloc(blockSizeBytes));
  return zerosHex;
}

/** Lays what was written to a draft over its base's tree. */
export async function applyDraft(
  drafts: DraftFolder,
  header: DraftHeader,
  tree: TreeWriter,
): Promise<WrittenBlocks> {
  const { mapId, sizeBytes } = header;
  const blockCount = blockCountOf(sizeBytes);
  const checksum = createHash('sha256');
  const zeros = Buffer.from(zerosChecksum(), 'hex');
  let count = 0;
  let addedBytes = 0;
  for (let first = 0; first < blockCount; first += windowBlocks) {
    const window = new Window(first, Math.min(windowBlocks, blockCount - first));
    addedBytes = await window.fill(drafts.entries(mapId));
    for (const { blockIndex, chunkId } of window.written()) {
      if (count % blocksPerTurn === 0) await nextTurn();
      count += 1;
      checksum.update(chunkId ?? zeros);
      await tree.change({ blockIndex, chunkId });
    }
  }
  return { count, addedBytes, linearChecksum: checksum.digest('hex') };
}

/** Throws DraftConflictError when something else was written than the caller believes. */
export function checkWritten(
  mapId: BlockMapId,
  { count, linearChecksum }: WrittenBlocks,
  expected: DraftExpectation,
): void {
  if (count !== expected.writtenBlocks) {
    throw new DraftConflictError(
      mapId,
      `has ${count} written blocks, not ${expected.writtenBlocks}: write those that are missing`,
    );
  }
  const wanted = expected.linearChecksum?.toLowerCase() ?? linearChecksum;
  if (wanted !== linearChecksum) {
    throw new DraftConflictError(mapId, `has the checksum ${linearChecksum}, not ${wanted}`);
  }
}

/** What was last written to each of some blocks. */
class Window {
  readonly #first: number;
  readonly #states: Uint8Array;
  readonly #ids: Uint8Array;

  constructor(first: number, length: number) {
    this.#first = first;
    this.#states = new Uint8Array(length);
    this.#ids = new Uint8Array(length * contentIdBytes);
  }

  /** Returns the added bytes of all entries, those outside of the window included. */
  async fill(entries: AsyncIterable<readonly DraftEntry[]>): Promise<number> {
    let addedBytes = 0;
    for await (const piece of entries) {
      for (const { blockIndex, chunkId, addedBytes: added } of piece) {
        addedBytes += added;
        const at = blockIndex - this.#first;
        if (at < 0 || at >= this.#states.length) continue;
        this.#states[at] = chunkId === undefined ? states.zeros : states.chunk;
        if (chunkId !== undefined) this.#ids.set(chunkId, at * contentIdBytes);
      }
      await nextTurn();
    }
    return addedBytes;
  }

  *written(): Generator<{ blockIndex: number; chunkId: Uint8Array | undefined }> {
    for (const [at, state] of this.#states.entries()) {
      if (state === states.notWritten) continue;
      const chunkId = state === states.chunk ? contentIdAt(this.#ids, at) : undefined;
      yield { blockIndex: this.#first + at, chunkId };
    }
  }
}
