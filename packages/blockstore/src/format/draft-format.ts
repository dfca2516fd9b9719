import { crc32 } from 'node:zlib';
import type { BlockMapId } from '@bakehouse/domain';
import { blockSizeBytes } from './block-size.ts';
import { contentIdBytes } from './content-id.ts';
import { type KeyId, readKeyId, writeKeyId } from './key-id.ts';
import { readMapId, writeMapId } from './map-head-format.ts';

/** See docs/formats/snapshot-map.md, "Drafts". */
export const draftHeaderBytes = 128;
export const draftEntryBytes = 44;
const draftMagic = Buffer.from('BHDRAFT2', 'latin1');
const formatVersion = 2;
const headerCrcAt = draftHeaderBytes - 4;
const entryCrcAt = draftEntryBytes - 4;
const zeros = Buffer.alloc(contentIdBytes);

export interface DraftHeader {
  readonly mapId: BlockMapId;
  readonly sizeBytes: number;
  readonly keyId: KeyId | undefined;
  /** Blocks that are not written come from this tree; undefined: they are zeros. */
  readonly base: DraftBase | undefined;
}

/** The tree of the map that a draft was begun on. */
export interface DraftBase {
  readonly root: Uint8Array | undefined;
  readonly sizeBytes: number;
  /** Blocks that are not zeros. */
  readonly blockCount: number;
}

/** A block that was written; without a chunk it is zeros. */
export interface DraftEntry {
  readonly blockIndex: number;
  readonly chunkId: Uint8Array | undefined;
  /** Bytes of the chunk's record, when it had to be stored for this write. */
  readonly addedBytes: number;
}

export function encodeDraftHeader({ mapId, sizeBytes, keyId, base }: DraftHeader): Buffer {
  const bytes = Buffer.alloc(draftHeaderBytes);
  draftMagic.copy(bytes, 0);
  bytes.writeUInt32BE(formatVersion, 8);
  bytes.writeUInt32BE(blockSizeBytes, 12);
  writeMapId(bytes, 16, mapId);
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 48);
  writeKeyId(bytes, 56, keyId);
  bytes.writeBigUInt64BE(BigInt(base?.sizeBytes ?? 0), 72);
  if (base?.root !== undefined) bytes.set(base.root, 80);
  bytes.writeBigUInt64BE(BigInt(base?.blockCount ?? 0), 112);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, headerCrcAt)), headerCrcAt);
  return bytes;
}

/** Undefined when these bytes are no good header of this draft. */
export function decodeDraftHeader(bytes: Buffer, mapId: BlockMapId): DraftHeader | undefined {
  const isOurs =
    bytes.length >= draftHeaderBytes &&
    bytes.subarray(0, 8).equals(draftMagic) &&
    bytes.readUInt32BE(headerCrcAt) === crc32(bytes.subarray(0, headerCrcAt)) &&
    bytes.readUInt32BE(8) === formatVersion &&
    bytes.readUInt32BE(12) === blockSizeBytes &&
    readMapId(bytes, 16) === mapId;
  if (!isOurs) return undefined;
  const baseBytes = Number(bytes.readBigUInt64BE(72));
  return {
    mapId,
    sizeBytes: Number(bytes.readBigUInt64BE(48)),
    keyId: readKeyId(bytes, 56),
    base: baseBytes === 0 ? undefined : decodeBase(bytes, baseBytes),
  };
}

function decodeBase(bytes: Buffer, sizeBytes: number): DraftBase {
  const root = new Uint8Array(bytes.subarray(80, 80 + contentIdBytes));
  const blockCount = Number(bytes.readBigUInt64BE(112));
  return { root: zeros.equals(root) ? undefined : root, sizeBytes, blockCount };
}

export function encodeDraftEntry({ blockIndex, chunkId, addedBytes }: DraftEntry): Buffer {
  const bytes = Buffer.alloc(draftEntryBytes);
  bytes.writeUInt32BE(blockIndex, 0);
  if (chunkId !== undefined) bytes.set(chunkId, 4);
  bytes.writeUInt32BE(addedBytes, 4 + contentIdBytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, entryCrcAt)), entryCrcAt);
  return bytes;
}

/** Undefined when there is no good entry at this offset. */
export function decodeDraftEntry(bytes: Buffer, offset: number): DraftEntry | undefined {
  if (offset + draftEntryBytes > bytes.length) return undefined;
  const crc = crc32(bytes.subarray(offset, offset + entryCrcAt));
  if (bytes.readUInt32BE(offset + entryCrcAt) !== crc) return undefined;
  const id = bytes.subarray(offset + 4, offset + 4 + contentIdBytes);
  return {
    blockIndex: bytes.readUInt32BE(offset),
    chunkId: zeros.equals(id) ? undefined : new Uint8Array(id),
    addedBytes: bytes.readUInt32BE(offset + 4 + contentIdBytes),
  };
}
