import { type FileHandle, open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlockMapId, MapMissingError } from '@bakehouse/domain';
import { isMissing, readFolderIfExists, syncPath, writeFileDurably } from '@bakehouse/host';
import { writeError } from '../files/disk-errors.ts';
import { readHandle } from '../files/read-handle.ts';
import { UnreadableBytesError } from '../files/store-files.ts';
import { blockCountOf } from '../format/block-size.ts';
import {
  type DraftBase,
  type DraftEntry,
  type DraftHeader,
  decodeDraftEntry,
  decodeDraftHeader,
  draftEntryBytes,
  draftHeaderBytes,
  encodeDraftEntry,
  encodeDraftHeader,
} from '../format/draft-format.ts';
import { rootLevel } from '../format/page-format.ts';
import { isMapId, type StoreLayout } from '../format/store-layout.ts';
import { makeFolder } from '../segments/open-segments.ts';
import { MapDamagedError } from '../store-errors.ts';
import type { MapTree, PageSource } from './map-tree.ts';

const pieceEntries = 16_384;

/** The logs of maps that are being written block by block; see docs/formats/snapshot-map.md, "Drafts". */
export class DraftFolder {
  readonly #folder: string;
  readonly #tmp: string;
  readonly #headers = new Map<BlockMapId, DraftHeader | MapDamagedError>();
  /** Where the next entry of each draft goes. */
  readonly #ends = new Map<BlockMapId, number>();

  constructor({ drafts, tmp }: Pick<StoreLayout, 'drafts' | 'tmp'>) {
    this.#folder = drafts;
    this.#tmp = tmp;
  }

  /** Removes drafts of maps that were sealed, and bad entries at the end of the others. */
  async open(isSealed: (mapId: BlockMapId) => boolean): Promise<void> {
    const names = await readFolderIfExists(this.#folder);
    for (const mapId of names.filter((name) => isMapId(name))) {
      if (isSealed(mapId)) await rm(this.#path(mapId), { force: true });
      else this.#headers.set(mapId, await this.#openDraft(mapId));
    }
  }

  ids(): readonly BlockMapId[] {
    return [...this.#headers.keys()];
  }

  has(mapId: BlockMapId): boolean {
    return this.#headers.has(mapId);
  }

  /** Undefined when there is no such draft; throws MapDamagedError. */
  find(mapId: BlockMapId): DraftHeader | undefined {
    const header = this.#headers.get(mapId);
    if (header instanceof MapDamagedError) throw header;
    return header;
  }

  /** Durable when it resolves. */
  async create(header: DraftHeader): Promise<void> {
    const path = this.#path(header.mapId);
    await makeFolder(this.#folder);
    const unfinished = join(this.#tmp, `draft-${header.mapId}`);
    await writeFileDurably(path, encodeDraftHeader(header), unfinished).catch((error: unknown) => {
      throw writeError(error, path);
    });
    this.#headers.set(header.mapId, header);
    this.#ends.set(header.mapId, draftHeaderBytes);
  }

  /** Durable when it resolves. The chunks must be durable before. All or nothing; one call at a time for a draft. */
  async append(mapId: BlockMapId, entries: readonly DraftEntry[]): Promise<void> {
    const end = this.#ends.get(mapId);
    if (end === undefined) throw new MapMissingError(mapId);
    const path = this.#path(mapId);
    const bytes = Buffer.concat(entries.map(encodeDraftEntry));
    try {
      await using file = await open(path, 'r+');
      for (let done = 0; done < bytes.length; ) {
        const rest = bytes.length - done;
        done += (await file.write(bytes, done, rest, end + done)).bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      // What remains all the same is overwritten by the next entries, or cut off when the store opens.
      await truncate(path, end).catch(() => {});
      throw writeError(error, path);
    }
    if (this.#ends.has(mapId)) this.#ends.set(mapId, end + bytes.length);
  }

  /**
   * All entries in the order of the writes, some at a time. Throws MapDamagedError, or MapMissingError for a draft
   * that was removed or sealed.
   */
  async *entries(mapId: BlockMapId): AsyncGenerator<readonly DraftEntry[]> {
    const end = this.#ends.get(mapId);
    if (end === undefined) throw new MapMissingError(mapId);
    await using file = await this.#openFile(mapId);
    const piece = Buffer.alloc(pieceEntries * draftEntryBytes);
    for (let offset = draftHeaderBytes; offset < end; offset += piece.length) {
      const wanted = Math.min(piece.length, end - offset);
      const target = piece.subarray(0, wanted);
      const bytesRead = await readDraft(mapId, file, offset, target);
      const entries: DraftEntry[] = [];
      for (let at = 0; at < wanted; at += draftEntryBytes) {
        const entry = at + draftEntryBytes <= bytesRead ? decodeDraftEntry(piece, at) : undefined;
        if (entry === undefined) {
          throw new MapDamagedError(mapId, `its draft has a bad entry at offset ${offset + at}`);
        }
        entries.push(entry);
      }
      yield entries;
    }
  }

  /** All entries in the order of the writes, one by one. Throws as `entries` does. */
  async *written(mapId: BlockMapId): AsyncGenerator<DraftEntry> {
    for await (const entries of this.entries(mapId)) yield* entries;
  }

  /** Nobody finds the drafts any more from the call on; they are removed for good when it resolves. */
  async remove(mapIds: readonly BlockMapId[]): Promise<void> {
    const there = mapIds.filter((mapId) => this.#headers.delete(mapId));
    for (const mapId of there) this.#ends.delete(mapId);
    for (const mapId of there) await rm(this.#path(mapId), { force: true });
    if (there.length > 0) await syncPath(this.#folder);
  }

  /** Returns damage instead of throwing it, so that the store opens although a draft is on a bad sector. */
  async #openDraft(mapId: BlockMapId): Promise<DraftHeader | MapDamagedError> {
    try {
      return await this.#readDraft(mapId);
    } catch (error) {
      if (error instanceof MapDamagedError) return error;
      throw error;
    }
  }

  /** Finds the end of a draft. Throws MapDamagedError. */
  async #readDraft(mapId: BlockMapId): Promise<DraftHeader> {
    await using file = await open(this.#path(mapId), 'r+');
    const read = async (offset: number, lengthBytes: number) => {
      const target = Buffer.alloc(lengthBytes);
      return target.subarray(0, await readDraft(mapId, file, offset, target));
    };
    const header = decodeDraftHeader(await read(0, draftHeaderBytes), mapId);
    if (header === undefined) throw new MapDamagedError(mapId, 'its draft has a bad header');
    const { size } = await file.stat();
    let end = size - ((size - draftHeaderBytes) % draftEntryBytes);
    for (; end > draftHeaderBytes; end -= draftEntryBytes) {
      const last = await read(end - draftEntryBytes, draftEntryBytes);
      if (decodeDraftEntry(last, 0) !== undefined) break;
    }
    if (end < size) await file.truncate(end);
    // What a killed process wrote may be in memory only.
    await file.sync();
    this.#ends.set(mapId, end);
    return header;
  }

  async #openFile(mapId: BlockMapId): Promise<FileHandle> {
    return open(this.#path(mapId), 'r').catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      if (!this.#ends.has(mapId)) throw new MapMissingError(mapId);
      throw new MapDamagedError(mapId, 'its draft is missing', { cause: error });
    });
  }

  #path(mapId: BlockMapId): string {
    return join(this.#folder, mapId);
  }
}

/** Fills `target` from `offset` on and returns how many bytes there were. Throws MapDamagedError for a bad sector. */
async function readDraft(
  mapId: BlockMapId,
  file: FileHandle,
  offset: number,
  target: Uint8Array,
): Promise<number> {
  return readHandle(file, 'its draft', { offset, target }).catch((error: unknown) => {
    if (!(error instanceof UnreadableBytesError)) throw error;
    throw new MapDamagedError(mapId, error.message, { cause: error });
  });
}

/** The tree that a draft lies over. */
export function draftBase({ root, sizeBytes }: DraftBase, pages: PageSource): MapTree {
  return { root, sizeBytes, level: rootLevel(blockCountOf(sizeBytes)), pages };
}
