import { crc32 } from 'node:zlib';
import { UnreadableBytesError } from '../files/store-files.ts';
import {
  decodeRecordHeader,
  type RecordHeader,
  recordHeaderBytes,
  recordMagic,
} from '../format/record-format.ts';
import type { SegmentEntry } from '../format/segment-index-format.ts';
import { readSegment, type Segment } from './segment.ts';

export interface FoundRecord extends SegmentEntry {
  /** False when the payload's checksum is wrong, or the disk cannot read it. */
  readonly isWhole: boolean;
}

export interface SegmentScan {
  readonly records: readonly FoundRecord[];
  /** Bytes between records that are no record. */
  readonly gaps: readonly { readonly offset: number; readonly lengthBytes: number }[];
  /** Where the last record ends: what follows is torn. */
  readonly endBytes: number;
}

/** `headers` does not read the payloads and counts all as whole. */
type ScanDepth = 'headers' | 'payloads';

const searchWindowBytes = 1024 * 1024;
const smallWindowBytes = 4096;

/** Walks the records from `start` to the end of the file; see docs/formats/segments.md, "Recovery". */
export async function scanSegment(
  segment: Segment,
  start: number,
  depth: ScanDepth,
): Promise<SegmentScan> {
  const headerBytes = recordHeaderBytes(segment.version);
  const records: FoundRecord[] = [];
  const gaps: { offset: number; lengthBytes: number }[] = [];
  let offset = start;
  while (offset < segment.sizeBytes) {
    const record = await readRecord(segment, offset, depth);
    if (record !== undefined) {
      records.push(record);
      offset += headerBytes + record.storedLength;
      continue;
    }
    const next = await findRecord(segment, offset + 1);
    if (next === undefined) break;
    gaps.push({ offset, lengthBytes: next - offset });
    offset = next;
  }
  return { records, gaps, endBytes: offset };
}

/** Undefined when there is no whole record at the offset. */
async function readRecord(
  segment: Segment,
  offset: number,
  depth: ScanDepth,
): Promise<FoundRecord | undefined> {
  const bytes = await tryRead(segment, offset, recordHeaderBytes(segment.version));
  const header = bytes && decodeRecordHeader(bytes, segment.version);
  if (header === undefined || !fits(segment, offset, header)) return undefined;
  const isWhole = depth === 'headers' || (await hasGoodPayload(segment, offset, header));
  const { contentId, storedLength, compressed } = header;
  return { contentId, offset, storedLength, compressed, isWhole };
}

async function hasGoodPayload(segment: Segment, offset: number, header: RecordHeader) {
  const start = offset + recordHeaderBytes(segment.version);
  const payload = await tryRead(segment, start, header.storedLength);
  return payload !== undefined && crc32(payload) === header.payloadCrc;
}

/** Undefined when the disk cannot read all of these bytes. */
async function tryRead(segment: Segment, offset: number, lengthBytes: number) {
  try {
    return await readSegment(segment, offset, lengthBytes);
  } catch (error) {
    if (error instanceof UnreadableBytesError) return undefined;
    throw error;
  }
}

function fits(segment: Segment, offset: number, header: RecordHeader): boolean {
  const recordBytes = recordHeaderBytes(segment.version) + header.storedLength;
  return offset + recordBytes <= segment.sizeBytes;
}

/** The next offset from `start` on where a record begins. */
async function findRecord(segment: Segment, start: number): Promise<number | undefined> {
  const overlapBytes = recordHeaderBytes(segment.version) - 1;
  for (let at = start; at < segment.sizeBytes; ) {
    const window = await tryRead(segment, at, searchWindowBytes + overlapBytes);
    // Around what the disk cannot read, in small steps.
    const part = window ?? (await tryRead(segment, at, smallWindowBytes + overlapBytes));
    const found = part && findRecordIn(segment, at, part);
    if (found !== undefined) return found;
    at += window === undefined ? smallWindowBytes : searchWindowBytes;
  }
  return undefined;
}

/** Where the first record of these bytes begins, which lie at `start` of the segment. */
function findRecordIn(segment: Segment, start: number, bytes: Buffer): number | undefined {
  const { version } = segment;
  const magic = recordMagic(version);
  for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 1)) {
    const header = decodeRecordHeader(bytes.subarray(at, at + recordHeaderBytes(version)), version);
    if (header !== undefined && fits(segment, start + at, header)) return start + at;
  }
  return undefined;
}
