import { hash } from 'node:crypto';
import type { BlockMapId, BlockMapSummary } from '@bakehouse/domain';
import { MapDamagedError } from '../store-errors.ts';
import { blockSizeBytes } from './block-size.ts';
import { contentIdBytes } from './content-id.ts';
import { type KeyId, readKeyId, writeKeyId } from './key-id.ts';

/** See docs/formats/snapshot-map.md, "Heads". */
const mapMagic = Buffer.from('BHBLKMAP', 'latin1');
const formatVersion = 2;
const idFieldBytes = 32;
const checksumAt = 160;
export const headBytes = checksumAt + 32;

/** What a map's head has. */
export interface MapHead extends BlockMapSummary {
  readonly keyId: KeyId | undefined;
  /** The name of the root page; undefined when the map has no blocks. */
  readonly root: Uint8Array | undefined;
}

export function encodeHead(head: MapHead): Buffer {
  const bytes = Buffer.alloc(headBytes);
  mapMagic.copy(bytes, 0);
  bytes.writeUInt32BE(formatVersion, 8);
  bytes.writeUInt32BE(blockSizeBytes, 12);
  writeMapId(bytes, 16, head.mapId);
  bytes.writeBigUInt64BE(BigInt(head.sizeBytes), 48);
  bytes.writeBigUInt64BE(BigInt(head.readBytes), 56);
  bytes.writeBigUInt64BE(BigInt(head.addedBytes), 64);
  bytes.writeBigUInt64BE(BigInt(head.blockCount), 72);
  writeKeyId(bytes, 80, head.keyId);
  if (head.root !== undefined) bytes.set(head.root, 96);
  bytes.set(hash('sha256', bytes.subarray(0, checksumAt), 'buffer'), checksumAt);
  return bytes;
}

/** Throws MapDamagedError unless every rule of the format holds. */
export function decodeHead(bytes: Buffer, mapId: BlockMapId): MapHead {
  if (bytes.length !== headBytes) {
    throw new MapDamagedError(mapId, `its head has ${bytes.length} bytes, not ${headBytes}`);
  }
  checkMapHeader(bytes, mapId, formatVersion);
  const checksum = hash('sha256', bytes.subarray(0, checksumAt), 'buffer');
  if (!checksum.equals(bytes.subarray(checksumAt))) {
    throw new MapDamagedError(mapId, 'the checksum of its head is wrong');
  }
  const blockCount = Number(bytes.readBigUInt64BE(72));
  const root = bytes.subarray(96, 96 + contentIdBytes);
  return {
    ...decodeMapSizes(bytes),
    mapId,
    blockCount,
    keyId: readKeyId(bytes, 80),
    root: blockCount === 0 ? undefined : root,
  };
}

/** The fields that flat maps and heads have at the same places. */
export function decodeMapSizes(bytes: Buffer) {
  return {
    sizeBytes: Number(bytes.readBigUInt64BE(48)),
    readBytes: Number(bytes.readBigUInt64BE(56)),
    addedBytes: Number(bytes.readBigUInt64BE(64)),
  };
}

/** Throws MapDamagedError when these bytes do not begin a map of this id and version. */
export function checkMapHeader(bytes: Buffer, mapId: BlockMapId, version: number): void {
  const problem = headerProblem(bytes, mapId, version);
  if (problem !== undefined) throw new MapDamagedError(mapId, problem);
}

function headerProblem(bytes: Buffer, mapId: BlockMapId, version: number): string | undefined {
  if (!bytes.subarray(0, 8).equals(mapMagic)) return 'it is no map file';
  const found = bytes.readUInt32BE(8);
  if (found !== version) return `it has version ${found}, not ${version}`;
  if (bytes.readUInt32BE(12) !== blockSizeBytes) return 'it has another block size';
  if (readMapId(bytes, 16) !== mapId) return 'it is the file of another map';
  return undefined;
}

export function writeMapId(bytes: Buffer, offset: number, mapId: BlockMapId): void {
  bytes.write(mapId, offset, idFieldBytes, 'latin1');
}

export function readMapId(bytes: Buffer, offset: number): string {
  return bytes.toString('latin1', offset, offset + idFieldBytes).replace(/\0+$/, '');
}
