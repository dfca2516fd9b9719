import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, MapUsage, StoreUsage } from '@bakehouse/domain';
import type { BlockMap } from './block-map.ts';
import { chunkIdAt } from './chunk-id.ts';
import { type DataDirectory, segmentNumber } from './data-directory.ts';
import { HolderSets } from './holder-sets.ts';
import type { MapFolder } from './map-folder.ts';
import { recordBytes, segmentHeaderBytes } from './record-format.ts';
import type { SegmentSet } from './segment-set.ts';
import { MapDamagedError, MapMissingError } from './store-errors.ts';
import { walkMap } from './walk-map.ts';

interface UsageContext {
  readonly directory: DataDirectory;
  readonly maps: MapFolder;
  readonly segments: SegmentSet;
}

/** Adds up the store's files; see docs/formats/data-directory.md, "Sizes". */
export async function storeUsage(context: UsageContext): Promise<StoreUsage> {
  const { maps, held, liveBytes } = await mapUsages(context);
  const segments = context.segments.segments();
  const segmentBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const headerBytes = segments.length * segmentHeaderBytes;
  const overheadBytes = headerBytes + (await otherFileBytes(context.directory));
  const reclaimableBytes = segmentBytes - headerBytes - liveBytes;
  const onDiskBytes = liveBytes + reclaimableBytes + overheadBytes;
  return { maps, held, liveBytes, reclaimableBytes, overheadBytes, onDiskBytes };
}

/** The sizes of all the store's files together. */
export async function storeBytes({
  directory,
  segments,
}: Pick<UsageContext, 'directory' | 'segments'>): Promise<number> {
  const segmentBytes = segments.segments().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return segmentBytes + (await otherFileBytes(directory));
}

/** One walk over the maps, one map in memory at a time. */
async function mapUsages({ maps, segments }: UsageContext) {
  const usages: MapUsage[] = [];
  const holders = new HolderSets();
  /** Which maps name a chunk, by the chunk's id. */
  const holdersOf = new Map<string, number>();
  for (const mapId of maps.ids()) {
    const map = await readIfWhole(maps, mapId);
    if (map === undefined) continue;
    const place = usages.length;
    usages.push({ mapId, sizeBytes: map.sizeBytes, blockCount: map.blockIndexes.length });
    await walkMap(map, (position) => {
      const chunkId = chunkIdAt(map.chunkIds, position);
      const location = segments.index.find(chunkId);
      if (location === undefined) return;
      const key = Buffer.from(chunkId).toString('latin1');
      holdersOf.set(key, holders.move(recordBytes(location), holdersOf.get(key), place));
    });
    await nextTurn();
  }
  const held = holders.held();
  return { maps: usages, held, liveBytes: held.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** A map that has vanished meanwhile or is damaged counts as overhead only; verify tells the latter. */
async function readIfWhole(maps: MapFolder, mapId: BlockMapId): Promise<BlockMap | undefined> {
  return maps.read(mapId).catch((error: unknown) => {
    if (error instanceof MapMissingError || error instanceof MapDamagedError) return undefined;
    throw error;
  });
}

/** Every file of the store that is no segment. */
async function otherFileBytes(directory: DataDirectory): Promise<number> {
  const folders = [directory.root, directory.segments, directory.maps, directory.tmp];
  let total = 0;
  for (const folder of folders) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      if (folder === directory.segments && segmentNumber(entry.name, 'seg') !== undefined) continue;
      total += await fileSize(join(folder, entry.name));
    }
  }
  return total;
}

async function fileSize(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  return found?.size ?? 0;
}
