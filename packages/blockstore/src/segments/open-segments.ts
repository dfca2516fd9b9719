import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@bakehouse/base';
import { readFolderIfExists } from '@bakehouse/host';
import { readHandle } from '../files/read-handle.ts';
import {
  FileMissingError,
  readRange,
  readWhole,
  type StoreFiles,
  UnreadableBytesError,
} from '../files/store-files.ts';
import {
  decodeSegmentHeader,
  type RecordVersion,
  recordVersion,
  type SegmentHeader,
  segmentHeaderBytes,
} from '../format/record-format.ts';
import { decodeSegmentIndex } from '../format/segment-index-format.ts';
import {
  indexName,
  kindOfFolder,
  type SegmentKind,
  sealedName,
  segmentFile,
  segmentNumber,
} from '../format/store-layout.ts';
import { StoreFormatError } from '../store-errors.ts';
import { type FoundRecord, scanSegment } from './recover-segment.ts';
import { SealedSegment } from './segment.ts';
import { TailSegment } from './tail-segment.ts';

export interface OpenedSegment {
  readonly segment: SealedSegment | TailSegment;
  readonly records: readonly FoundRecord[];
  /** Where the last record ends: what follows is torn, or damaged. */
  readonly endBytes: number;
  /** An index file covers all of it. */
  readonly isIndexed: boolean;
}

export interface OpenContext {
  readonly files: StoreFiles;
  /** The local folder of segments that still take records. */
  readonly tail: string;
  readonly logger: Logger;
}

interface Place {
  readonly number: number;
  readonly kind: SegmentKind;
  readonly isSealed: boolean;
}

/**
 * Opens every segment, in order of number. Damage closes no store: each record identifies itself, so a segment with
 * a bad header is read like any other. Throws StoreFormatError for one of an unknown version.
 */
export async function* openSegments(context: OpenContext): AsyncGenerator<OpenedSegment> {
  const places = await findSegments(context);
  for (const place of places) {
    const opened = place.isSealed ? openSealed(context, place) : openTail(context, place);
    const found = await opened;
    if (found !== undefined) yield found;
  }
}

/** Removes indexes whose segments are missing. A tail whose number is sealed is ignored. */
async function findSegments({ files, tail }: OpenContext): Promise<readonly Place[]> {
  const places = new Map<number, Place>();
  for (const folder of ['segments', 'pages'] as const) {
    const kind = kindOfFolder[folder];
    const names = await files.list(folder);
    for (const name of names) {
      const number = segmentNumber(name, 'seg');
      if (number !== undefined) places.set(number, { number, kind, isSealed: true });
    }
    const indexes = names
      .map((name) => segmentNumber(name, 'idx'))
      .filter((number) => number !== undefined);
    const orphans = indexes.filter((number) => !places.has(number));
    await files.remove(orphans.map((number) => indexName(kind, number)));
  }
  for (const name of await readFolderIfExists(tail)) {
    const number = segmentNumber(name, 'seg');
    if (number === undefined || places.has(number)) continue;
    // Its own header has its kind.
    places.set(number, { number, kind: 'chunks', isSealed: false });
  }
  return [...places.values()].sort((left, right) => left.number - right.number);
}

async function openSealed(
  { files, logger }: OpenContext,
  { number, kind }: Place,
): Promise<OpenedSegment | undefined> {
  const name = sealedName(kind, number);
  const sizeBytes = await files.sizeOf(name);
  const header = await judgeHeader(name, number, () =>
    readRange(files, name, { offset: 0, lengthBytes: segmentHeaderBytes }),
  );
  const problem = header.state === 'damaged' ? header.problem : undefined;
  if (problem !== undefined && sizeBytes <= segmentHeaderBytes) {
    logger.log('warn', 'removing a segment without records', { segment: name, problem });
    await files.remove([name, indexName(kind, number)]);
    return undefined;
  }
  if (problem !== undefined) {
    logger.log('error', 'reading a segment in spite of its header', { segment: name, problem });
  }
  const facts = { files, number, kind, sizeBytes, flaw: problem };
  const version =
    header.state === 'good'
      ? header.version
      : await guessVersion(new SealedSegment({ ...facts, version: recordVersion }));
  const segment = new SealedSegment({ ...facts, version });
  const index = await readIndex(files, segment);
  const scan = await scanSegment(segment, index?.coveredBytes ?? segmentHeaderBytes, 'payloads');
  const known = (index?.entries ?? []).map((entry) => ({ ...entry, isWhole: true }));
  return {
    segment,
    records: [...known, ...scan.records],
    endBytes: scan.endBytes,
    isIndexed: index?.coveredBytes === sizeBytes,
  };
}

async function openTail(
  { tail, logger }: OpenContext,
  { number }: Place,
): Promise<OpenedSegment | undefined> {
  const path = join(tail, segmentFile(number));
  const handle = await open(path, 'r+');
  try {
    const { size: sizeBytes } = await handle.stat();
    const header = await judgeHeader(path, number, async () => {
      const bytes = Buffer.alloc(segmentHeaderBytes);
      const lengthBytes = await readHandle(handle, path, { offset: 0, target: bytes });
      return bytes.subarray(0, lengthBytes);
    });
    const problem = header.state === 'damaged' ? header.problem : undefined;
    const kind = header.state === 'good' ? header.kind : 'chunks';
    const segment = new TailSegment({ number, kind, path, handle, sizeBytes, flaw: problem });
    if (problem !== undefined && sizeBytes <= segmentHeaderBytes) {
      logger.log('warn', 'removing a segment that was cut short when it was made', { path });
      await segment.remove();
      return undefined;
    }
    if (problem !== undefined) {
      logger.log('error', 'reading a segment in spite of its header', { path, problem });
    }
    const scan = await scanSegment(segment, segmentHeaderBytes, 'payloads');
    // What a killed process wrote may be in memory only: nothing relies on what is not on disk.
    await segment.sync();
    return { segment, records: scan.records, endBytes: scan.endBytes, isIndexed: false };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws StoreFormatError for a segment that this program does not know. */
async function judgeHeader(
  path: string,
  number: number,
  read: () => Promise<Buffer>,
): Promise<Exclude<SegmentHeader, { state: 'foreign' }>> {
  const header = await read().catch((error: unknown) => {
    if (error instanceof UnreadableBytesError) return undefined;
    throw error;
  });
  if (header === undefined)
    return { state: 'damaged', problem: 'has a header that cannot be read' };
  const judged = decodeSegmentHeader(header, number);
  if (judged.state === 'foreign') {
    throw new StoreFormatError(`${path} ${judged.problem}: it was made by a newer program`);
  }
  return judged;
}

/** Of a segment whose header is damaged: the version of its records. */
async function guessVersion(segment: SealedSegment): Promise<RecordVersion> {
  const { records } = await scanSegment(segment, segmentHeaderBytes, 'headers');
  return records.length > 0 ? segment.version : 1;
}

async function readIndex(files: StoreFiles, { kind, number, sizeBytes }: SealedSegment) {
  try {
    const index = decodeSegmentIndex(await readWhole(files, indexName(kind, number)), number);
    return index !== undefined && index.coveredBytes <= sizeBytes ? index : undefined;
  } catch (error) {
    if (error instanceof FileMissingError || error instanceof UnreadableBytesError)
      return undefined;
    throw error;
  }
}

/** Makes a folder before its first file: a full disk has no room for one, and a store on it is still readable. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}
