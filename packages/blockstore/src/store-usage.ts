import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, MapUsage, StoreUsage } from '@bakehouse/domain';
import type { BlockMap } from './block-map.ts';
import { chunkIdAt } from './chunk-id.ts';
import { type DataDirectory, segmentNumber } from './data-directory.ts';
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
  const { maps, liveBytes } = await mapUsages(context);
  const segments = context.segments.segments();
  const segmentBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const headerBytes = segments.length * segmentHeaderBytes;
  const overheadBytes = headerBytes + (await otherFileBytes(context.directory));
  const reclaimableBytes = segmentBytes - headerBytes - liveBytes;
  const onDiskBytes = liveBytes + reclaimableBytes + overheadBytes;
  return { maps, liveBytes, reclaimableBytes, overheadBytes, onDiskBytes };
}

/** The sizes of all the store's files together. */
export async function storeBytes({
  directory,
  segments,
}: Pick<UsageContext, 'directory' | 'segments'>): Promise<number> {
  const segmentBytes = segments.segments().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return segmentBytes + (await otherFileBytes(directory));
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** One walk over the maps, one map in memory at a time. */
async function mapUsages({ maps, segments }: UsageContext) {
  const usages: MapUsage[] = [];
  /** The only map so far that names a chunk, or `many`. */
  const holders = new Map<string, Mutable<MapUsage> | 'many'>();
  let liveBytes = 0;
  for (const mapId of maps.ids()) {
    const map = await readIfWhole(maps, mapId);
    if (map === undefined) continue;
    const usage = emptyUsage(map);
    usages.push(usage);
    const seen = new Set<string>();
    await walkMap(map, (position) => {
      const chunkId = chunkIdAt(map.chunkIds, position);
      const key = Buffer.from(chunkId).toString('latin1');
      const location = segments.index.find(chunkId);
      if (location === undefined || seen.has(key)) return;
      seen.add(key);
      const bytes = recordBytes(location);
      const holder = holders.get(key);
      if (holder === undefined) {
        liveBytes += bytes;
        usage.uniqueBytes += bytes;
        holders.set(key, usage);
        return;
      }
      usage.sharedBytes += bytes;
      if (holder === 'many') return;
      holder.uniqueBytes -= bytes;
      holder.sharedBytes += bytes;
      holders.set(key, 'many');
    });
    await nextTurn();
  }
  return { maps: usages, liveBytes };
}

function emptyUsage({ mapId, sizeBytes, blockIndexes }: BlockMap): Mutable<MapUsage> {
  return { mapId, sizeBytes, blockCount: blockIndexes.length, uniqueBytes: 0, sharedBytes: 0 };
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
