import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, BlockMapSummary } from '@bakehouse/domain';
import type { BlockMap } from './block-map.ts';
import { blockSizeBytes } from './block-size.ts';
import { chunkIdBytes } from './chunk-id.ts';
import { MapDamagedError } from './store-errors.ts';

/** See docs/formats/snapshot-map.md. */
const mapMagic = Buffer.from('BHBLKMAP', 'latin1');
const formatVersion = 1;
export const mapHeaderBytes = 80;
const idFieldBytes = 32;
const entryBytes = 4 + chunkIdBytes;
const checksumBytes = 32;
const checksumPieceBytes = 4 * 1024 * 1024;

export async function encodeBlockMap(map: BlockMap): Promise<Buffer> {
  const count = map.blockIndexes.length;
  const length = mapHeaderBytes + count * entryBytes;
  const bytes = Buffer.alloc(length + checksumBytes);
  mapMagic.copy(bytes, 0);
  bytes.writeUInt32BE(formatVersion, 8);
  bytes.writeUInt32BE(blockSizeBytes, 12);
  bytes.write(map.mapId, 16, idFieldBytes, 'latin1');
  bytes.writeBigUInt64BE(BigInt(map.sizeBytes), 48);
  bytes.writeBigUInt64BE(BigInt(map.readBytes), 56);
  bytes.writeBigUInt64BE(BigInt(map.addedBytes), 64);
  bytes.writeUInt32BE(count, 72);
  for (const [position, blockIndex] of map.blockIndexes.entries()) {
    bytes.writeUInt32BE(blockIndex, mapHeaderBytes + position * 4);
  }
  bytes.set(map.chunkIds, mapHeaderBytes + count * 4);
  bytes.set(await checksumOf(bytes.subarray(0, length)), length);
  return bytes;
}

/** The summary in a map's first `mapHeaderBytes` bytes; the checksum is not looked at. */
export function decodeMapHeader(bytes: Buffer, mapId: BlockMapId): BlockMapSummary {
  const problem = headerProblem(bytes, mapId);
  if (problem !== undefined) throw new MapDamagedError(mapId, problem);
  return {
    mapId,
    sizeBytes: Number(bytes.readBigUInt64BE(48)),
    blockCount: bytes.readUInt32BE(72),
    readBytes: Number(bytes.readBigUInt64BE(56)),
    addedBytes: Number(bytes.readBigUInt64BE(64)),
  };
}

/** Throws MapDamagedError unless every rule of the format holds. */
export async function decodeBlockMap(bytes: Buffer, mapId: BlockMapId): Promise<BlockMap> {
  const { sizeBytes, readBytes, addedBytes, blockCount } = decodeMapHeader(bytes, mapId);
  const length = mapHeaderBytes + blockCount * entryBytes;
  if (bytes.length !== length + checksumBytes) {
    throw new MapDamagedError(mapId, `has ${bytes.length} bytes, not ${length + checksumBytes}`);
  }
  if (!(await checksumOf(bytes.subarray(0, length))).equals(bytes.subarray(length))) {
    throw new MapDamagedError(mapId, 'its checksum is wrong');
  }
  const blockIndexes = new Uint32Array(blockCount);
  const view = new DataView(bytes.buffer, bytes.byteOffset + mapHeaderBytes, blockCount * 4);
  for (let position = 0; position < blockCount; position += 1) {
    blockIndexes[position] = view.getUint32(position * 4);
  }
  if (!isAscendingBelow(blockIndexes, Math.ceil(sizeBytes / blockSizeBytes))) {
    throw new MapDamagedError(mapId, 'its blocks are not in order or lie behind its end');
  }
  const chunkIds = new Uint8Array(bytes.subarray(length - blockCount * chunkIdBytes, length));
  return { mapId, sizeBytes, readBytes, addedBytes, blockIndexes, chunkIds };
}

/** The map of 1 TiB has 72 MiB: it is hashed in pieces, with other work in between. */
async function checksumOf(bytes: Buffer): Promise<Buffer> {
  const sum = createHash('sha256');
  for (let at = 0; at < bytes.length; at += checksumPieceBytes) {
    if (at > 0) await nextTurn();
    sum.update(bytes.subarray(at, at + checksumPieceBytes));
  }
  return sum.digest();
}

function headerProblem(bytes: Buffer, mapId: BlockMapId): string | undefined {
  if (bytes.length < mapHeaderBytes) return 'it is shorter than its header';
  if (!bytes.subarray(0, 8).equals(mapMagic)) return 'it is no map file';
  const version = bytes.readUInt32BE(8);
  if (version !== formatVersion) return `it has version ${version}, not ${formatVersion}`;
  if (bytes.readUInt32BE(12) !== blockSizeBytes) return 'it has another block size';
  const idField = bytes.toString('latin1', 16, 16 + idFieldBytes).replace(/\0+$/, '');
  if (idField !== mapId) return 'it is the file of another map';
  return undefined;
}

function isAscendingBelow(indexes: Uint32Array, end: number): boolean {
  let previous = -1;
  for (const index of indexes) {
    if (index <= previous) return false;
    previous = index;
  }
  return previous < end;
}
