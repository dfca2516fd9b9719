import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@bakehouse/base';
import { type DataDirectory, segmentName, segmentNumber } from './data-directory.ts';
import { writeDurably } from './durable-files.ts';
import { isForeignSegment, segmentHeaderBytes, segmentHeaderProblem } from './record-format.ts';
import { type FoundRecord, scanSegment } from './recover-segment.ts';
import { Segment, UnreadableBytesError } from './segment.ts';
import {
  decodeSegmentIndex,
  encodeSegmentIndex,
  type SegmentEntry,
} from './segment-index-format.ts';
import { StoreFormatError } from './store-errors.ts';

export interface OpenedSegment {
  readonly segment: Segment;
  readonly records: readonly FoundRecord[];
  /** Where the last record ends: what follows is torn, or damaged. */
  readonly endBytes: number;
  /** An index file covers all of it. */
  readonly isIndexed: boolean;
}

/**
 * Opens every segment in order of number. Damage closes no store: records tell by themselves what they are, so
 * a segment with a bad header is read like any other. Throws StoreFormatError for one of another version.
 */
export async function openSegments(
  directory: DataDirectory,
  logger: Logger,
): Promise<readonly OpenedSegment[]> {
  const names = await readdir(directory.segments);
  const numbers = names
    .map((name) => segmentNumber(name, 'seg'))
    .filter((number) => number !== undefined)
    .sort((left, right) => left - right);
  const opened: OpenedSegment[] = [];
  await using handles = new AsyncDisposableStack();
  for (const number of numbers) {
    const segment = await Segment.open(
      number,
      join(directory.segments, `${segmentName(number)}.seg`),
    );
    handles.defer(() => segment.close());
    const found = await readSegment(directory, logger, segment);
    if (found !== undefined) opened.push(found);
  }
  await removeOrphanIndexes(directory, names, new Set(opened.map((each) => each.segment.number)));
  handles.move();
  return opened;
}

/** Writes the index that covers all of the segment, which must have been flushed. */
export async function writeSegmentIndex(
  directory: DataDirectory,
  segment: Segment,
  entries: readonly SegmentEntry[],
): Promise<void> {
  const name = `${segmentName(segment.number)}.idx`;
  await writeDurably({
    tmpPath: join(directory.tmp, name),
    path: join(directory.segments, name),
    bytes: encodeSegmentIndex({
      number: segment.number,
      coveredBytes: segment.sizeBytes,
      entries: entries.toSorted((left, right) => left.offset - right.offset),
    }),
  });
}

/** Undefined, and the file removed, when power or the process ended before the segment had a record. */
async function readSegment(
  directory: DataDirectory,
  logger: Logger,
  segment: Segment,
): Promise<OpenedSegment | undefined> {
  const { path, number } = segment;
  const header = await readHeader(segment);
  const problem = header
    ? segmentHeaderProblem(header, number)
    : 'has a header that cannot be read';
  if (header && isForeignSegment(header)) throw new StoreFormatError(`${path} ${problem}`);
  if (problem !== undefined && segment.sizeBytes <= segmentHeaderBytes) {
    logger.log('warn', 'removing a segment that was cut short when it was made', { path });
    await segment.retire();
    return undefined;
  }
  if (problem !== undefined) {
    logger.log('error', 'reading a segment in spite of its header', { path, problem });
    segment.flaw = problem;
  }
  const index = await readIndex(join(directory.segments, `${segmentName(number)}.idx`), segment);
  const scan = await scanSegment(segment, index?.coveredBytes ?? segmentHeaderBytes, 'payloads');
  // What a killed process wrote may be in memory only: nothing is relied on that is not on disk.
  await segment.sync();
  const known = (index?.entries ?? []).map((entry) => ({ ...entry, isWhole: true }));
  return {
    segment,
    records: [...known, ...scan.records],
    endBytes: scan.endBytes,
    isIndexed: index?.coveredBytes === segment.sizeBytes,
  };
}

async function readHeader(segment: Segment): Promise<Buffer | undefined> {
  return segment.read(0, segmentHeaderBytes).catch((error: unknown) => {
    if (error instanceof UnreadableBytesError) return undefined;
    throw error;
  });
}

async function readIndex(path: string, segment: Segment) {
  const bytes = await readFile(path).catch(() => undefined);
  const index = bytes && decodeSegmentIndex(bytes, segment.number);
  return index !== undefined && index.coveredBytes <= segment.sizeBytes ? index : undefined;
}

async function removeOrphanIndexes(
  directory: DataDirectory,
  names: readonly string[],
  numbers: ReadonlySet<number>,
) {
  for (const name of names) {
    const number = segmentNumber(name, 'idx');
    if (number === undefined || numbers.has(number)) continue;
    await rm(join(directory.segments, name), { force: true });
  }
}
