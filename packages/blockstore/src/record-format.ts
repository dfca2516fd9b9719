import { crc32 } from 'node:zlib';
import { blockSizeBytes } from './block-size.ts';

/** See docs/formats/segments.md. */
export const segmentHeaderBytes = 32;
export const recordHeaderBytes = 56;
export const recordMagic = Buffer.from('BHCK', 'latin1');

/** The bytes that a record takes on disk. */
export function recordBytes(location: { readonly storedLength: number }): number {
  return recordHeaderBytes + location.storedLength;
}

const segmentMagic = Buffer.from('BHSEGMNT', 'latin1');
const formatVersion = 1;
const zstdFlag = 1;

export interface RecordHeader {
  readonly chunkId: Uint8Array;
  readonly compressed: boolean;
  readonly storedLength: number;
  readonly payloadCrc: number;
}

export function encodeSegmentHeader(number: number): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(header, 0);
  header.writeUInt32BE(formatVersion, 8);
  header.writeUInt32BE(blockSizeBytes, 12);
  header.writeBigUInt64BE(BigInt(number), 16);
  header.writeUInt32BE(crc32(header.subarray(0, 28)), 28);
  return header;
}

/** What is wrong with a segment's header; undefined when it is good. */
export function segmentHeaderProblem(header: Buffer, number: number): string | undefined {
  if (header.length < segmentHeaderBytes) return 'is shorter than its header';
  if (!header.subarray(0, 8).equals(segmentMagic)) return 'is no segment file';
  if (header.readUInt32BE(28) !== crc32(header.subarray(0, 28))) return 'has a damaged header';
  const version = header.readUInt32BE(8);
  if (version !== formatVersion) return `has version ${version}, not ${formatVersion}`;
  if (header.readUInt32BE(12) !== blockSizeBytes) return 'has another block size';
  if (header.readBigUInt64BE(16) !== BigInt(number)) return 'has the number of another segment';
  return undefined;
}

/** A header that is whole but of another format: not damaged, and nothing that this program can read. */
export function isForeignSegment(header: Buffer): boolean {
  return (
    header.length >= segmentHeaderBytes &&
    header.subarray(0, 8).equals(segmentMagic) &&
    header.readUInt32BE(28) === crc32(header.subarray(0, 28)) &&
    (header.readUInt32BE(8) !== formatVersion || header.readUInt32BE(12) !== blockSizeBytes)
  );
}

export function encodeRecordHeader(record: RecordHeader): Buffer {
  const header = Buffer.allocUnsafe(recordHeaderBytes);
  recordMagic.copy(header, 0);
  header.writeUInt32BE(record.compressed ? zstdFlag : 0, 4);
  header.set(record.chunkId, 8);
  header.writeUInt32BE(blockSizeBytes, 40);
  header.writeUInt32BE(record.storedLength, 44);
  header.writeUInt32BE(record.payloadCrc, 48);
  header.writeUInt32BE(crc32(header.subarray(0, 52)), 52);
  return header;
}

/** Undefined when these bytes are no good record header. */
export function decodeRecordHeader(header: Buffer): RecordHeader | undefined {
  if (header.length < recordHeaderBytes) return undefined;
  if (!header.subarray(0, 4).equals(recordMagic)) return undefined;
  if (header.readUInt32BE(52) !== crc32(header.subarray(0, 52))) return undefined;
  const flags = header.readUInt32BE(4);
  const storedLength = header.readUInt32BE(44);
  if ((flags & ~zstdFlag) !== 0 || header.readUInt32BE(40) !== blockSizeBytes) return undefined;
  if (storedLength === 0 || storedLength > blockSizeBytes) return undefined;
  return {
    chunkId: new Uint8Array(header.subarray(8, 40)),
    compressed: (flags & zstdFlag) !== 0,
    storedLength,
    payloadCrc: header.readUInt32BE(48),
  };
}
