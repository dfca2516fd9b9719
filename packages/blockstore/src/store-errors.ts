import type { BlockMapId } from '@bakehouse/domain';
import type { KeyId } from './format/key-id.ts';

/** There is no room for more blocks. What was there before is untouched; the capture left no map. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
  readonly path: string;

  constructor(path: string, options?: ErrorOptions) {
    super(
      `no space left for the block store at ${path}: free space on that file system, or delete snapshots and prune`,
      options,
    );
    this.path = path;
  }
}

/** What was written may not be on disk, and nobody can tell: the captures that count on it leave no map. */
export class FlushFailedError extends Error {
  override readonly name = 'FlushFailedError';
  readonly path: string;

  constructor(path: string, options?: ErrorOptions) {
    super(
      `blocks could not be made durable in the block store at ${path}: look at that disk (dmesg), then capture again`,
      options,
    );
    this.path = path;
  }
}

/** The bytes on disk do not have the checksum that is their name. They are never handed out. */
export class ChunkDamagedError extends Error {
  override readonly name = 'ChunkDamagedError';
  readonly chunkId: string;
  readonly segment: string;
  readonly offset: number;

  constructor(at: { chunkId: string; segment: string; offset: number }, problem: string) {
    super(
      `chunk ${at.chunkId} in ${at.segment} at offset ${at.offset} is damaged: ${problem}; ` +
        'capture the same disk again to store it once more, and run verify',
    );
    this.chunkId = at.chunkId;
    this.segment = at.segment;
    this.offset = at.offset;
  }
}

/** A map names a chunk or a page that no segment holds. */
export class ContentMissingError extends Error {
  override readonly name = 'ContentMissingError';
  readonly contentId: string;

  constructor(contentId: string) {
    super(`${contentId} is in no segment; run verify to see which maps need it`);
    this.contentId = contentId;
  }
}

/** The map, or the chunk, is encrypted, and this version has no keys. */
export class KeyUnknownError extends Error {
  override readonly name = 'KeyUnknownError';
  readonly keyId: KeyId;

  constructor(what: string, keyId: KeyId) {
    super(`${what} is encrypted under key ${keyId}, which this program does not have`);
    this.keyId = keyId;
  }
}

export class MapDamagedError extends Error {
  override readonly name = 'MapDamagedError';
  readonly mapId: BlockMapId;

  constructor(mapId: BlockMapId, problem: string, options?: ErrorOptions) {
    super(`map ${mapId} is damaged: ${problem}`, options);
    this.mapId = mapId;
  }
}

/** Another process owns the store. */
export class StoreLockedError extends Error {
  override readonly name = 'StoreLockedError';
  readonly pid: number | undefined;

  constructor(path: string, pid: number | undefined) {
    const owner = pid === undefined ? 'another process' : `process ${pid}`;
    super(
      `the block store at ${path} is in use by ${owner}: stop it first, or choose another folder`,
    );
    this.pid = pid;
  }
}

/** The folder is not a store that this version can open. */
export class StoreFormatError extends Error {
  override readonly name = 'StoreFormatError';
}
