import { crc32 } from 'node:zlib';
import { blockSizeBytes } from './block-size.ts';
import { type KeyId, keyIdBytes, readKeyId, writeKeyId } from './key-id.ts';
import { pageBytesMax } from './page-format.ts';
import type { SegmentKind } from './store-layout.ts';

/** See docs/formats/segments.md. */
export const segmentHeaderBytes = 32;
/** The version that is written; version 1 is read. */
export const recordVersion = 2;
export type RecordVersion = 1 | 2;

const segmentMagic = Buffer.from('BHSEGMNT', 'latin1');
const segmentKindCodes = ['chunks', 'pages'] as const satisfies readonly SegmentKind[];
const zstdFlag = 1;
const pageFlag = 2;
/** What encryption adds to a payload: nonce and tag. */
const sealBytes = 28;

interface RecordLayout {
  readonly headerBytes: number;
  readonly magic: Buffer;
  readonly knownFlags: number;
  readonly keyIdAt: number | undefined;
  readonly payloadCrcAt: number;
}

const layouts = {
  1: {
    headerBytes: 56,
    magic: Buffer.from('BHCK', 'latin1'),
    knownFlags: zstdFlag,
    keyIdAt: undefined,
    payloadCrcAt: 48,
  },
  2: {
    headerBytes: 72,
    magic: Buffer.from('BHR2', 'latin1'),
    knownFlags: zstdFlag | pageFlag,
    keyIdAt: 48,
    payloadCrcAt: 48 + keyIdBytes,
  },
} as const satisfies Record<RecordVersion, RecordLayout>;

/** Where a record begins, its first bytes are these. */
export function recordMagic(version: RecordVersion): Buffer {
  return layouts[version].magic;
}

export function recordHeaderBytes(version: RecordVersion = recordVersion): number {
  return layouts[version].headerBytes;
}

export interface RecordHeader {
  readonly kind: SegmentKind;
  readonly contentId: Uint8Array;
  readonly compressed: boolean;
  readonly rawLength: number;
  readonly storedLength: number;
  readonly keyId: KeyId | undefined;
  readonly payloadCrc: number;
}

export function encodeSegmentHeader(number: number, kind: SegmentKind): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(header, 0);
  header.writeUInt32BE(recordVersion, 8);
  header.writeUInt32BE(blockSizeBytes, 12);
  header.writeBigUInt64BE(BigInt(number), 16);
  header.writeUInt32BE(segmentKindCodes.indexOf(kind), 24);
  header.writeUInt32BE(crc32(header.subarray(0, 28)), 28);
  return header;
}

export type SegmentHeader =
  | { readonly state: 'good'; readonly kind: SegmentKind; readonly version: RecordVersion }
  /** Not what a segment of this number has: its records are read all the same. */
  | { readonly state: 'damaged'; readonly problem: string }
  /** Whole, and of a format that this program does not know. */
  | { readonly state: 'foreign'; readonly problem: string };

export function decodeSegmentHeader(header: Buffer, number: number): SegmentHeader {
  const damaged = (problem: string) => ({ state: 'damaged' as const, problem });
  const foreign = (problem: string) => ({ state: 'foreign' as const, problem });
  if (header.length < segmentHeaderBytes) return damaged('is shorter than its header');
  if (!header.subarray(0, 8).equals(segmentMagic)) return damaged('is no segment file');
  const isWhole = header.readUInt32BE(28) === crc32(header.subarray(0, 28));
  if (!isWhole) return damaged('has a damaged header');
  const version = header.readUInt32BE(8);
  if (version !== 1 && version !== 2) return foreign(`has version ${version}, not 1 or 2`);
  if (header.readUInt32BE(12) !== blockSizeBytes) return foreign('has another block size');
  const kind = segmentKindCodes[header.readUInt32BE(24)];
  if (kind === undefined) return foreign('holds neither chunks nor pages');
  if (header.readBigUInt64BE(16) !== BigInt(number)) {
    return damaged('has the number of another segment');
  }
  return { state: 'good', kind, version };
}

/** Always of the version that is written. */
export function encodeRecordHeader(record: RecordHeader): Buffer {
  const { magic, headerBytes, keyIdAt, payloadCrcAt } = layouts[recordVersion];
  const header = Buffer.alloc(headerBytes);
  magic.copy(header, 0);
  const flags = (record.compressed ? zstdFlag : 0) | (record.kind === 'pages' ? pageFlag : 0);
  header.writeUInt32BE(flags, 4);
  header.set(record.contentId, 8);
  header.writeUInt32BE(record.rawLength, 40);
  header.writeUInt32BE(record.storedLength, 44);
  writeKeyId(header, keyIdAt, record.keyId);
  header.writeUInt32BE(record.payloadCrc, payloadCrcAt);
  header.writeUInt32BE(crc32(header.subarray(0, headerBytes - 4)), headerBytes - 4);
  return header;
}

/** Undefined when these bytes are no good record header. */
export function decodeRecordHeader(
  header: Buffer,
  version: RecordVersion = recordVersion,
): RecordHeader | undefined {
  const layout: RecordLayout = layouts[version];
  const { magic, headerBytes, knownFlags, keyIdAt, payloadCrcAt } = layout;
  if (header.length < headerBytes || !header.subarray(0, 4).equals(magic)) return undefined;
  const crc = header.readUInt32BE(headerBytes - 4);
  if (crc !== crc32(header.subarray(0, headerBytes - 4))) return undefined;
  const flags = header.readUInt32BE(4);
  if ((flags & ~knownFlags) !== 0) return undefined;
  const record: RecordHeader = {
    kind: (flags & pageFlag) === 0 ? 'chunks' : 'pages',
    contentId: new Uint8Array(header.subarray(8, 40)),
    compressed: (flags & zstdFlag) !== 0,
    rawLength: header.readUInt32BE(40),
    storedLength: header.readUInt32BE(44),
    keyId: keyIdAt === undefined ? undefined : readKeyId(header, keyIdAt),
    payloadCrc: header.readUInt32BE(payloadCrcAt),
  };
  return hasGoodLengths(record) ? record : undefined;
}

function hasGoodLengths({ kind, rawLength, storedLength, compressed, keyId }: RecordHeader) {
  if (storedLength === 0) return false;
  if (kind === 'pages') {
    return rawLength <= pageBytesMax && rawLength === storedLength && !compressed;
  }
  const storedMax = blockSizeBytes + (keyId === undefined ? 0 : sealBytes);
  return rawLength === blockSizeBytes && storedLength <= storedMax;
}
