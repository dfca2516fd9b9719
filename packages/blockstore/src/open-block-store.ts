import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Logger, MiB, syncPath } from '@bakehouse/base';
import type { BlockSource, BlockSourceAddress } from '@bakehouse/domain';
import { BlockStoreEngine } from './block-store-engine.ts';
import { type DataDirectory, dataDirectory, versionText } from './data-directory.ts';
import { writeDurably } from './durable-files.ts';
import { MapFolder } from './map-folder.ts';
import { mendSegments } from './mend-segments.ts';
import { SegmentSet } from './segment-set.ts';
import { StoreFormatError } from './store-errors.ts';
import { lockStore } from './store-lock.ts';
import { TailWriter } from './tail-writer.ts';

export interface BlockStoreOptions {
  /** The store's folder; made when it is not there. */
  readonly directory: string;
  readonly logger: Logger;
  /** How disks of kind `nbd` are reached; `file` is handled by the store itself. */
  readonly openSource?: (address: BlockSourceAddress, signal: AbortSignal) => Promise<BlockSource>;
  /** A segment that has this many bytes takes no more records; at most 1 GiB. */
  readonly segmentBytesMax?: number;
  /** Memory for unpacked blocks. */
  readonly cacheBytesMax?: number;
  /** Threads that hash and pack. */
  readonly threadCount?: number;
}

const segmentBytesDefault = 256 * MiB;
const segmentBytesLimit = 1024 * MiB;
const cacheBytesDefault = 128 * MiB;
const threadsMax = 8;

/**
 * Opens the store for this process alone; what a killed process left behind is cleaned up. Throws
 * StoreLockedError when another process has it, StoreFormatError when the folder is no store of this version.
 */
export async function openBlockStore(options: BlockStoreOptions): Promise<BlockStoreEngine> {
  const { logger } = options;
  const directory = dataDirectory(options.directory);
  await makeFolders(directory);
  const lock = lockStore(directory);
  const segments = new SegmentSet(directory, logger);
  try {
    await chmod(directory.lock, 0o600);
    await checkVersion(directory);
    await removeStrays(directory, logger);
    const segmentBytesMax = Math.min(
      options.segmentBytesMax ?? segmentBytesDefault,
      segmentBytesLimit,
    );
    const opened = await segments.open();
    const maps = new MapFolder(directory);
    await maps.open();
    await mendSegments({ segments, maps, logger }, opened);
    return new BlockStoreEngine({
      directory,
      segments,
      tail: new TailWriter({ directory, segments, segmentBytesMax, logger }),
      maps,
      lock,
      openSource: options.openSource,
      cacheBytesMax: options.cacheBytesMax ?? cacheBytesDefault,
      threadCount: options.threadCount ?? Math.min(availableParallelism(), threadsMax),
    });
  } catch (error) {
    await segments.close();
    lock.release();
    throw error;
  }
}

async function makeFolders(directory: DataDirectory): Promise<void> {
  for (const path of [directory.root, directory.segments, directory.maps, directory.tmp]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
}

async function checkVersion(directory: DataDirectory): Promise<void> {
  const text = await readFile(directory.version, 'utf8').catch(() => undefined);
  if (text === versionText) return;
  const isNew = text === undefined && (await readdir(directory.segments)).length === 0;
  if (!isNew) {
    const found = text === undefined ? 'no version file' : `version ${JSON.stringify(text)}`;
    throw new StoreFormatError(
      `${directory.root} has ${found}; this program reads ${JSON.stringify(versionText)}`,
    );
  }
  const bytes = Buffer.from(versionText);
  await writeDurably({ tmpPath: join(directory.tmp, 'version'), path: directory.version, bytes });
  await syncPath(directory.root);
}

/** Files that were in the making when a process ended. */
async function removeStrays(directory: DataDirectory, logger: Logger): Promise<void> {
  for (const name of await readdir(directory.tmp)) {
    logger.log('info', 'removing an unfinished file', { path: join(directory.tmp, name) });
    await rm(join(directory.tmp, name), { recursive: true });
  }
}
