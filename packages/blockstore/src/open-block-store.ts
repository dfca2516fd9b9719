import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Logger, MiB } from '@bakehouse/base';
import type { BlockSource } from '@bakehouse/domain';
import type { BlockSourceAddress } from '@bakehouse/host';
import { BlockStore, type StoreParts } from './block-store.ts';
import { writeError } from './files/disk-errors.ts';
import { FolderFiles } from './files/folder-files.ts';
import type { StoreFiles } from './files/store-files.ts';
import { fileFolders, type StoreLayout, storeLayout } from './format/store-layout.ts';
import { OrderFolder } from './guest-reads/order-folder.ts';
import { isNothingMissing } from './maintenance/mark-live.ts';
import { DraftFolder } from './maps/draft-folder.ts';
import { MapCatalogue } from './maps/map-catalogue.ts';
import { PageStore } from './maps/page-store.ts';
import { repairSegments } from './segments/repair-segments.ts';
import { SegmentSet } from './segments/segment-set.ts';
import { TailWriter } from './segments/tail-writer.ts';
import { StoreFullError } from './store-errors.ts';
import { lockStore } from './store-lock.ts';
import { convertVersion, readVersion, writeVersion } from './store-version.ts';

export interface BlockStoreOptions {
  /** The store's folder; made when it is missing. */
  readonly directory: string;
  readonly logger: Logger;
  /** How disks of kind `nbd` are reached; `file` is handled by the store itself. */
  readonly openSource?: (address: BlockSourceAddress, signal: AbortSignal) => Promise<BlockSource>;
  /** Where files that never change lie; in the store's folder unless given. */
  readonly files?: StoreFiles;
  /** A segment of chunks that has this many bytes takes no more records; at most 1 GiB. */
  readonly segmentBytesMax?: number;
  /** Memory for unpacked blocks. */
  readonly cacheBytesMax?: number;
  /** Memory for pages of maps. */
  readonly pageCacheBytesMax?: number;
  /** Threads that hash and pack. */
  readonly threadCount?: number;
}

const segmentBytesDefault = 256 * MiB;
const segmentBytesLimit = 1024 * MiB;
const pageSegmentBytesLimit = 16 * MiB;
const cacheBytesDefault = 128 * MiB;
const pageCacheBytesDefault = 48 * MiB;
const threadsMax = 8;

/**
 * Opens the store for this process alone and cleans up what a killed process left behind. A store of format 1 is
 * converted. Throws StoreLockedError when another process has it, StoreFormatError when the folder is neither.
 */
export async function openBlockStore(options: BlockStoreOptions): Promise<BlockStore> {
  const layout = storeLayout(options.directory);
  await mkdir(layout.root, { recursive: true, mode: 0o700 });
  await using opening = new AsyncDisposableStack();
  const lock = lockStore(layout);
  opening.defer(() => lock.release());
  await chmod(layout.lock, 0o600);
  const version = await readVersion(layout);
  await makeFolders(layout);
  if (version === 'none') await writeVersion(layout);
  await removeUnfinished(layout, options.logger);
  const files = options.files ?? new FolderFiles(layout.root, layout.tmp);
  opening.defer(() => files.close());
  const segments = new SegmentSet({ files, tail: layout.tail, logger: options.logger });
  opening.defer(() => segments.close());
  const parts = await openParts(options, { layout, files, segments });
  if (version === 'convertible') await convertVersion(layout);
  const store = new BlockStore({
    ...parts,
    lock,
    openSource: options.openSource,
    cacheBytesMax: options.cacheBytesMax ?? cacheBytesDefault,
    threadCount: options.threadCount ?? Math.min(availableParallelism(), threadsMax),
  });
  opening.move();
  store.convertInBackground();
  return store;
}

/** Reads segments, maps and drafts, and repairs what a killed process left. */
async function openParts(
  options: BlockStoreOptions,
  base: Pick<StoreParts, 'layout' | 'files' | 'segments'>,
): Promise<Omit<StoreParts, 'lock' | 'openSource' | 'cacheBytesMax' | 'threadCount'>> {
  const { logger } = options;
  const { layout, files, segments } = base;
  const opened = await segments.open();
  const chunkBytesMax = Math.min(options.segmentBytesMax ?? segmentBytesDefault, segmentBytesLimit);
  const pageBytesMax = Math.min(chunkBytesMax, pageSegmentBytesLimit);
  const common = { segments, logger };
  const chunkTail = new TailWriter({ ...common, kind: 'chunks', segmentBytesMax: chunkBytesMax });
  const pageTail = new TailWriter({ ...common, kind: 'pages', segmentBytesMax: pageBytesMax });
  const pageCacheBytesMax = options.pageCacheBytesMax ?? pageCacheBytesDefault;
  const pages = new PageStore(segments, pageTail, pageCacheBytesMax);
  const maps = new MapCatalogue(files, pages);
  await maps.open();
  const orders = new OrderFolder({ layout, logger, hasMap: (mapId) => maps.has(mapId) });
  await orders.open();
  const drafts = new DraftFolder(layout);
  await drafts.open((mapId) => maps.has(mapId));
  const holders = { segments, maps, drafts, pages };
  const repair = { ...common, isNothingMissing: () => isNothingMissing(holders) };
  await repairSegments(repair, opened);
  await chunkTail.open();
  await pageTail.open();
  return { ...base, chunkTail, pageTail, pages, maps, drafts, orders, logger };
}

/** A full disk has no room for a new folder, and a store on it is still read: folders are made again when needed. */
async function makeFolders(layout: StoreLayout): Promise<void> {
  const folders = [...fileFolders.map((name) => join(layout.root, name)), layout.tmp];
  for (const path of [...folders, layout.tail, layout.drafts, layout.orders]) {
    await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      if (!(writeError(error, path) instanceof StoreFullError)) throw error;
    });
  }
}

async function removeUnfinished({ tmp }: StoreLayout, logger: Logger): Promise<void> {
  for (const name of await readdir(tmp)) {
    logger.log('info', 'removing an unfinished file', { path: join(tmp, name) });
    await rm(join(tmp, name), { recursive: true });
  }
}
