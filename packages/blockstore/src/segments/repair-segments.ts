import type { Logger } from '@bakehouse/base';
import { indexName } from '../format/store-layout.ts';
import { SealedSegment } from './segment.ts';
import type { OpenedEnd, SegmentSet } from './segment-set.ts';
import { TailSegment } from './tail-segment.ts';

interface RepairContext {
  readonly segments: SegmentSet;
  readonly logger: Logger;
  /** Whether everything that the maps and drafts name is stored. */
  readonly isNothingMissing: () => Promise<boolean>;
}

/**
 * Once, when the store opens: cuts torn ends off and rebuilds lost indexes. A map names only what was flushed,
 * so while nothing is missing, an end that is no record was still being written. When something is, that end may be
 * it, with a damaged header: it stays, nothing is appended to it, and verify reports it.
 */
export async function repairSegments(
  context: RepairContext,
  opened: readonly OpenedEnd[],
): Promise<void> {
  const torn = opened.filter(({ segment, endBytes }) => endBytes < segment.sizeBytes);
  const mayCut = torn.length > 0 && (await context.isNothingMissing());
  for (const end of torn) await repairEnd(context, end, mayCut);
  for (const { segment, isIndexed } of opened) {
    const isSealed = segment instanceof SealedSegment && segment.flaw === undefined;
    if (isSealed && !isIndexed && context.segments.has(segment)) {
      await context.segments.writeIndex(segment);
    }
  }
}

async function repairEnd(
  { segments, logger }: RepairContext,
  { segment, endBytes, recordCount }: OpenedEnd,
  mayCut: boolean,
): Promise<void> {
  const bytes = segment.sizeBytes - endBytes;
  const fields = { path: segment.path, offset: endBytes, bytes };
  if (!mayCut) {
    segment.flaw ??= 'ends in bytes that are no record';
    logger.log(
      'error',
      'something that a map needs is missing: the torn end of a segment stays; run verify',
      fields,
    );
    return;
  }
  logger.log('warn', 'cutting the torn end of a segment off', fields);
  if (recordCount === 0 && segment.flaw !== undefined) await segments.drop(segment);
  else await cutEnd(segments, segment, endBytes);
}

async function cutEnd(
  { files }: SegmentSet,
  segment: OpenedEnd['segment'],
  endBytes: number,
): Promise<void> {
  if (segment instanceof TailSegment) {
    await segment.truncate(endBytes);
    return;
  }
  if (files.shrink === undefined) {
    segment.flaw ??= 'ends in bytes that are no record';
    return;
  }
  await files.remove([indexName(segment.kind, segment.number)]);
  await files.shrink(segment.name, endBytes);
  segment.sizeBytes = endBytes;
}
