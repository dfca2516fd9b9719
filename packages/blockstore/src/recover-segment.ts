import { crc32 } from 'node:zlib';
import {
  decodeRecordHeader,
  type RecordHeader,
  recordHeaderBytes,
  recordMagic,
} from './record-format.ts';
import type { Segment } from './segment.ts';
import type { SegmentEntry } from './segment-index-format.ts';

export interface FoundRecord extends SegmentEntry {
  /** False when the payload's checksum is wrong. */
  readonly isWhole: boolean;
}

export interface SegmentScan {
  readonly records: readonly FoundRecord[];
  /** Bytes between records that are none. */
  readonly gaps: readonly { readonly offset: number; readonly lengthBytes: number }[];
  /** Where the last record ends: what follows is torn. */
  readonly endBytes: number;
}

const searchWindowBytes = 1024 * 1024;

/**
 * Walks the records from `start` to the end of the file; see docs/formats/segments.md, "Recovery".
 * `headers` takes payloads for whole without reading them.
 */
export async function scanSegment(
  segment: Segment,
  start: number,
  depth: 'headers' | 'payloads',
): Promise<SegmentScan> {
  const records: FoundRecord[] = [];
  const gaps: { offset: number; lengthBytes: number }[] = [];
  let offset = start;
  while (offset < segment.sizeBytes) {
    const record = await readRecord(segment, offset, depth);
    if (record !== undefined) {
      records.push(record);
      offset += recordHeaderBytes + record.storedLength;
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
  depth: 'headers' | 'payloads',
): Promise<FoundRecord | undefined> {
  const header = decodeRecordHeader(await segment.read(offset, recordHeaderBytes));
  if (header === undefined || !fits(segment, offset, header)) return undefined;
  const isWhole = depth === 'headers' || (await hasGoodPayload(segment, offset, header));
  return {
    chunkId: header.chunkId,
    offset,
    storedLength: header.storedLength,
    compressed: header.compressed,
    isWhole,
  };
}

async function hasGoodPayload(segment: Segment, offset: number, header: RecordHeader) {
  const payload = await segment.readPayload(offset, header.storedLength);
  return crc32(payload) === header.payloadCrc;
}

function fits(segment: Segment, offset: number, header: RecordHeader): boolean {
  return offset + recordHeaderBytes + header.storedLength <= segment.sizeBytes;
}

/** The next offset from `start` on where a whole record begins. */
async function findRecord(segment: Segment, start: number): Promise<number | undefined> {
  for (let at = start; at < segment.sizeBytes; at += searchWindowBytes) {
    const window = await segment.read(at, searchWindowBytes + recordHeaderBytes - 1);
    let found = window.indexOf(recordMagic);
    while (found !== -1 && found < searchWindowBytes) {
      const header = decodeRecordHeader(window.subarray(found, found + recordHeaderBytes));
      if (header !== undefined && fits(segment, at + found, header)) return at + found;
      found = window.indexOf(recordMagic, found + 1);
    }
  }
  return undefined;
}
