import { hash } from 'node:crypto';
import { contentIdBytes } from './content-id.ts';

/** See docs/formats/segments.md, "Index". */
const indexMagic = Buffer.from('BHSEGIDX', 'latin1');
const formatVersion = 1;
const headerBytes = 32;
const entryBytes = 40;
const compressedBit = 0x8000_0000;

/** Where the record of a chunk or a page lies within its segment. */
export interface SegmentEntry {
  readonly contentId: Uint8Array;
  readonly offset: number;
  readonly storedLength: number;
  readonly compressed: boolean;
}

export interface SegmentIndex {
  readonly number: number;
  /** Every record before this offset of the segment is among the entries. */
  readonly coveredBytes: number;
  readonly entries: readonly SegmentEntry[];
}

export function encodeSegmentIndex(index: SegmentIndex): Buffer {
  const length = headerBytes + index.entries.length * entryBytes;
  const bytes = Buffer.alloc(length + 32);
  indexMagic.copy(bytes, 0);
  bytes.writeUInt32BE(formatVersion, 8);
  bytes.writeUInt32BE(index.entries.length, 12);
  bytes.writeBigUInt64BE(BigInt(index.number), 16);
  bytes.writeBigUInt64BE(BigInt(index.coveredBytes), 24);
  for (const [position, entry] of index.entries.entries()) {
    const at = headerBytes + position * entryBytes;
    bytes.set(entry.contentId, at);
    bytes.writeUInt32BE(entry.offset, at + contentIdBytes);
    const stored = entry.storedLength + (entry.compressed ? compressedBit : 0);
    bytes.writeUInt32BE(stored, at + contentIdBytes + 4);
  }
  bytes.set(hash('sha256', bytes.subarray(0, length), 'buffer'), length);
  return bytes;
}

/** Undefined when these bytes are no good index of this segment. */
export function decodeSegmentIndex(bytes: Buffer, number: number): SegmentIndex | undefined {
  if (bytes.length < headerBytes + 32) return undefined;
  const length = bytes.length - 32;
  if (!hash('sha256', bytes.subarray(0, length), 'buffer').equals(bytes.subarray(length))) {
    return undefined;
  }
  const count = bytes.readUInt32BE(12);
  const isOurs =
    bytes.subarray(0, 8).equals(indexMagic) &&
    bytes.readUInt32BE(8) === formatVersion &&
    bytes.readBigUInt64BE(16) === BigInt(number) &&
    length === headerBytes + count * entryBytes;
  if (!isOurs) return undefined;
  const coveredBytes = Number(bytes.readBigUInt64BE(24));
  return {
    number,
    coveredBytes,
    entries: Array.from({ length: count }, (_, position) => decodeEntry(bytes, position)),
  };
}

function decodeEntry(bytes: Buffer, position: number): SegmentEntry {
  const at = headerBytes + position * entryBytes;
  const stored = bytes.readUInt32BE(at + contentIdBytes + 4);
  return {
    contentId: bytes.subarray(at, at + contentIdBytes),
    offset: bytes.readUInt32BE(at + contentIdBytes),
    storedLength: stored % compressedBit,
    compressed: stored >= compressedBit,
  };
}
