import { setImmediate as nextTurn } from 'node:timers/promises';
import { MapMissingError, type MapUsage, type StoreUsage } from '@bakehouse/domain';
import { segmentHeaderBytes } from '../format/record-format.ts';
import type { EntryNumber } from '../segments/content-index.ts';
import { EntryMarks } from '../segments/entry-marks.ts';
import { recordBytesIn } from '../segments/segment.ts';
import { MapDamagedError } from '../store-errors.ts';
import type { SetNumber } from './holder-sets.ts';
import { type Holder, type HolderContext, holdersOf, useHolder } from './holders.ts';
import { PageHolders } from './page-holders.ts';
import { otherBytes, type SizeContext, segmentBytes } from './store-bytes.ts';

type UsageContext = SizeContext & HolderContext;

const holdersPerTurn = 256;

/** Adds up the store's files; see docs/formats/data-directory.md, "Sizes". Not while a prune runs. */
export async function storeUsage(context: UsageContext): Promise<StoreUsage> {
  const { segments } = context;
  const holders = new PageHolders(segments.index, context.pages);
  const maps: MapUsage[] = [];
  for (const [count, holder] of holdersOf(context).entries()) {
    const usage = await addHolder(context, { holders, holder, place: maps.length });
    if (usage !== undefined) maps.push(usage);
    if (count % holdersPerTurn === 0) await nextTurn();
  }
  const { held, liveBytes, pageBytes } = await countBytes(context, holders);
  const headerBytes = segments.segments().length * segmentHeaderBytes;
  const reclaimableBytes = segmentBytes(context) - headerBytes - pageBytes - liveBytes;
  const overheadBytes = headerBytes + pageBytes + (await otherBytes(context));
  const onDiskBytes = liveBytes + reclaimableBytes + overheadBytes;
  return { maps, held, liveBytes, reclaimableBytes, overheadBytes, onDiskBytes };
}

/** What is removed meanwhile or damaged counts as overhead only; verify reports the latter. */
async function addHolder(
  { segments: { index } }: UsageContext,
  {
    holders,
    holder,
    place,
  }: { readonly holders: PageHolders; readonly holder: Holder; readonly place: number },
): Promise<MapUsage | undefined> {
  try {
    return await useHolder(holder, async ({ sizeBytes, blockCount, tree, written }) => {
      const [blocks, known] = [new EntryMarks(), new EntryMarks()];
      const chunks: EntryNumber[] = [];
      let writtenBlocks = 0;
      for await (const { blockIndex, chunkId } of written) {
        const entry = chunkId && index.entryOf(chunkId);
        if (entry !== undefined && known.add(entry)) chunks.push(entry);
        if (blocks.add(blockIndex)) writtenBlocks += 1;
      }
      // Last: what a draft has that cannot be read to its end, or is a map by now, would count for the next map's place.
      const set = holders.sets.single(place);
      for (const entry of chunks) holders.addEntry(entry, set);
      if (tree !== undefined) holders.addTree(tree, set);
      return { mapId: holder.mapId, sizeBytes, blockCount: blockCount ?? writtenBlocks };
    });
  } catch (error) {
    if (error instanceof MapMissingError || error instanceof MapDamagedError) return undefined;
    throw error;
  }
}

async function countBytes(context: UsageContext, holders: PageHolders) {
  const bytesOf = recordSizes(context);
  const bytesBySet = new Map<SetNumber, number>();
  let [liveBytes, pageBytes] = [0, 0];
  await holders.visit({
    page(entry) {
      pageBytes += bytesOf(entry);
    },
    chunk(entry, set) {
      const bytes = bytesOf(entry);
      liveBytes += bytes;
      bytesBySet.set(set, (bytesBySet.get(set) ?? 0) + bytes);
    },
  });
  return { held: holders.sets.held(bytesBySet), liveBytes, pageBytes };
}

/** The bytes of the record of an index entry. */
function recordSizes({ segments }: UsageContext): (entry: EntryNumber) => number {
  return (entry) => {
    const location = segments.index.locationOf(entry);
    const segment = segments.segmentOf(location);
    return segment === undefined ? 0 : recordBytesIn(segment, location);
  };
}
