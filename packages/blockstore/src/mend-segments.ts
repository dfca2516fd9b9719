import type { Logger } from '@bakehouse/base';
import { chunkIdAt } from './chunk-id.ts';
import type { MapFolder } from './map-folder.ts';
import type { OpenedSegment } from './open-segments.ts';
import type { SegmentSet } from './segment-set.ts';
import { MapDamagedError } from './store-errors.ts';
import { walkMap } from './walk-map.ts';

interface MendContext {
  readonly segments: SegmentSet;
  readonly maps: MapFolder;
  readonly logger: Logger;
}

/**
 * Once, when the store opens: cuts torn ends off and makes lost indexes again. A map names only what was flushed,
 * so while every map has its chunks, an end that is no record was still being written. When one misses a chunk,
 * that end may be the chunk with a damaged header: it stays, nothing is appended to it, and verify tells.
 */
export async function mendSegments(
  context: MendContext,
  opened: readonly OpenedSegment[],
): Promise<void> {
  const torn = opened.filter(({ segment, endBytes }) => endBytes < segment.sizeBytes);
  const mayCut = torn.length > 0 && (await everyMapIsWhole(context));
  for (const found of torn) await mendEnd(context, found, mayCut);
  const last = opened.at(-1)?.segment;
  for (const { segment, isIndexed } of opened) {
    const isSealed = segment !== last && segment.flaw === undefined;
    if (isSealed && !isIndexed) await context.segments.writeIndex(segment);
  }
}

async function mendEnd(
  { segments, logger }: MendContext,
  { segment, endBytes, records }: OpenedSegment,
  mayCut: boolean,
): Promise<void> {
  const fields = { path: segment.path, offset: endBytes, bytes: segment.sizeBytes - endBytes };
  if (!mayCut) {
    segment.flaw ??= 'ends in bytes that are no record';
    logger.log(
      'error',
      'a map misses a chunk: the torn end of a segment stays; run verify',
      fields,
    );
    return;
  }
  logger.log('warn', 'cutting the torn end of a segment off', fields);
  if (records.length === 0 && segment.flaw !== undefined) await segments.drop(segment);
  else await segment.truncate(endBytes);
}

async function everyMapIsWhole({ maps, segments }: MendContext): Promise<boolean> {
  for (const mapId of maps.ids()) {
    let misses = 0;
    try {
      const map = await maps.read(mapId);
      await walkMap(map, (position) => {
        if (!segments.index.has(chunkIdAt(map.chunkIds, position))) misses += 1;
      });
    } catch (error) {
      if (error instanceof MapDamagedError) return false;
      throw error;
    }
    if (misses > 0) return false;
  }
  return true;
}
