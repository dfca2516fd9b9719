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

/** The bytes on disk are not what their name says. They are never handed out. */
export class ChunkDamagedError extends Error {
  override readonly name = 'ChunkDamagedError';
  readonly chunkId: string;
  readonly segment: string;
  readonly offset: number;

  constructor(at: { chunkId: string; segment: string; offset: number }, problem: string) {
    super(
      `chunk ${at.chunkId} in ${at.segment} at offset ${at.offset} is damaged: ${problem}; ` +
        'capture the same disk again to store it anew, and run verify',
    );
    this.chunkId = at.chunkId;
    this.segment = at.segment;
    this.offset = at.offset;
  }
}

/** A map names a chunk that no segment holds. */
export class ChunkMissingError extends Error {
  override readonly name = 'ChunkMissingError';
  readonly chunkId: string;

  constructor(chunkId: string) {
    super(`chunk ${chunkId} is in no segment; run verify to see which maps need it`);
    this.chunkId = chunkId;
  }
}

export class MapMissingError extends Error {
  override readonly name = 'MapMissingError';
  readonly mapId: string;

  constructor(mapId: string) {
    super(`there is no map ${mapId} in the block store`);
    this.mapId = mapId;
  }
}

export class MapDamagedError extends Error {
  override readonly name = 'MapDamagedError';
  readonly mapId: string;

  constructor(mapId: string, problem: string) {
    super(`map ${mapId} is damaged: ${problem}`);
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
