import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@bakehouse/base';
import { type DataDirectory, segmentName, segmentNumber } from './data-directory.ts';
import { writeDurably } from './durable-files.ts';
import { segmentHeaderBytes, segmentHeaderProblem } from './record-format.ts';
import { type FoundRecord, scanSegment } from './recover-segment.ts';
import { Segment } from './segment.ts';
import {
  decodeSegmentIndex,
  encodeSegmentIndex,
  type SegmentEntry,
} from './segment-index-format.ts';
import { StoreFormatError } from './store-errors.ts';

export interface OpenedSegment {
  readonly segment: Segment;
  readonly records: readonly FoundRecord[];
}

/** Opens every segment in order of number, mending indexes and cutting a torn tail off. */
export async function openSegments(
  directory: DataDirectory,
  logger: Logger,
): Promise<readonly OpenedSegment[]> {
  const names = await readdir(directory.segments);
  const numbers = names
    .map((name) => segmentNumber(name, 'seg'))
    .filter((number) => number !== undefined)
    .sort((left, right) => left - right);
  await removeOrphanIndexes(directory, names, new Set(numbers));
  const last = numbers.at(-1);
  const opened: OpenedSegment[] = [];
  for (const number of numbers) {
    const path = join(directory.segments, `${segmentName(number)}.seg`);
    if (number === last && (await stat(path)).size < segmentHeaderBytes) {
      logger.log('warn', 'removing a segment that was cut short when it was made', { path });
      await rm(path);
    } else {
      opened.push(await openSegment({ directory, logger, number, isLast: number === last }));
    }
  }
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

async function openSegment(options: {
  readonly directory: DataDirectory;
  readonly logger: Logger;
  readonly number: number;
  readonly isLast: boolean;
}): Promise<OpenedSegment> {
  const { directory, logger, number, isLast } = options;
  const name = segmentName(number);
  const segment = await Segment.open(number, join(directory.segments, `${name}.seg`));
  const problem = segmentHeaderProblem(await segment.read(0, segmentHeaderBytes), number);
  if (problem !== undefined) {
    await segment.close();
    throw new StoreFormatError(`${segment.path} ${problem}`);
  }
  const index = await readIndex(join(directory.segments, `${name}.idx`), segment);
  const scan = await scanSegment(segment, index?.coveredBytes ?? segmentHeaderBytes, 'payloads');
  const known = (index?.entries ?? []).map((entry) => ({ ...entry, isWhole: true }));
  const records = [...known, ...scan.records];
  if (isLast && scan.endBytes < segment.sizeBytes) {
    logger.log('warn', 'cutting the torn tail of a segment off', {
      path: segment.path,
      tornBytes: segment.sizeBytes - scan.endBytes,
    });
    await segment.truncate(scan.endBytes);
  }
  // What a killed process wrote may be in memory only: nothing is relied on that is not on disk.
  await segment.sync();
  if (!isLast && index?.coveredBytes !== segment.sizeBytes && scan.records.every(isWhole)) {
    await writeSegmentIndex(directory, segment, records);
  }
  return { segment, records };
}

function isWhole(record: FoundRecord): boolean {
  return record.isWhole;
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
    if (number !== undefined && !numbers.has(number)) await rm(join(directory.segments, name));
  }
}
