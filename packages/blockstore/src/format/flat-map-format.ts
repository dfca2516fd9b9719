import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, BlockMapSummary } from '@bakehouse/domain';
import { MapDamagedError } from '../store-errors.ts';
import { blockCountOf } from './block-size.ts';
import { contentIdBytes } from './content-id.ts';
import { checkMapHeader, decodeMapSizes } from './map-head-format.ts';

/** Version 1 of maps, which is read and converted: docs/formats/snapshot-map.md, "Flat maps". */
const formatVersion = 1;
export const flatHeaderBytes = 80;
const entryBytes = 4 + contentIdBytes;
const checksumBytes = 32;
const checksumPieceBytes = 4 * 1024 * 1024;

/** A map as one list of its blocks. */
export interface FlatMap extends BlockMapSummary {
  /** Strictly ascending. */
  readonly blockIndexes: Uint32Array;
  /** 32 bytes for each of `blockIndexes`, in the same order. */
  readonly chunkIds: Uint8Array;
}

/** The summary in a flat map's first `flatHeaderBytes` bytes; the checksum is not compared. */
export function decodeFlatHeader(bytes: Buffer, mapId: BlockMapId): BlockMapSummary {
  if (bytes.length < flatHeaderBytes) {
    throw new MapDamagedError(mapId, 'it is shorter than its header');
  }
  checkMapHeader(bytes, mapId, formatVersion);
  return { ...decodeMapSizes(bytes), mapId, blockCount: bytes.readUInt32BE(72) };
}

/** Throws MapDamagedError unless every rule of the format holds. */
export async function decodeFlatMap(bytes: Buffer, mapId: BlockMapId): Promise<FlatMap> {
  const summary = decodeFlatHeader(bytes, mapId);
  const { blockCount } = summary;
  const length = flatHeaderBytes + blockCount * entryBytes;
  if (bytes.length !== length + checksumBytes) {
    throw new MapDamagedError(mapId, `has ${bytes.length} bytes, not ${length + checksumBytes}`);
  }
  if (!(await checksumOf(bytes.subarray(0, length))).equals(bytes.subarray(length))) {
    throw new MapDamagedError(mapId, 'its checksum is wrong');
  }
  const blockIndexes = new Uint32Array(blockCount);
  const view = new DataView(bytes.buffer, bytes.byteOffset + flatHeaderBytes, blockCount * 4);
  for (let position = 0; position < blockCount; position += 1) {
    blockIndexes[position] = view.getUint32(position * 4);
  }
  if (!isAscendingBelow(blockIndexes, blockCountOf(summary.sizeBytes))) {
    throw new MapDamagedError(mapId, 'its blocks are not in order or lie behind its end');
  }
  const chunkIds = bytes.subarray(length - blockCount * contentIdBytes, length);
  return { ...summary, blockIndexes, chunkIds };
}

/** The flat map of a full disk of 1 TiB has 72 MiB: hash it in pieces, so that reads are served in between. */
async function checksumOf(bytes: Buffer): Promise<Buffer> {
  const sum = createHash('sha256');
  for (let at = 0; at < bytes.length; at += checksumPieceBytes) {
    if (at > 0) await nextTurn();
    sum.update(bytes.subarray(at, at + checksumPieceBytes));
  }
  return sum.digest();
}

function isAscendingBelow(indexes: Uint32Array, end: number): boolean {
  let previous = -1;
  for (const index of indexes) {
    if (index <= previous) return false;
    previous = index;
  }
  return previous < end;
}
