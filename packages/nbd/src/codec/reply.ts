import { NbdProtocolError } from '../errors.ts';
import { encodeBoundedText } from './bounded-text.ts';
import { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import { errorCode, magic } from './constants.ts';

export const simpleReplyBytes = 16;
export const chunkHeaderBytes = 20;
/** A data chunk's payload begins with the offset of its data. */
export const dataOffsetBytes = 8;
export const holePayloadBytes = 12;
const extentBytes = 8;

/** See "Simple reply message". Data follows when the request was a read that succeeded. */
export interface SimpleReply {
  readonly error: number;
  readonly cookie: bigint;
}

export function encodeSimpleReply(reply: SimpleReply, target: Buffer, at = 0): void {
  target.writeUInt32BE(magic.simpleReply, at);
  target.writeUInt32BE(reply.error, at + 4);
  target.writeBigUInt64BE(reply.cookie, at + 8);
}

/** The caller has checked the magic, which distinguishes the two kinds of reply. */
export function decodeSimpleReply(source: Buffer): SimpleReply {
  return { error: source.readUInt32BE(4), cookie: source.readBigUInt64BE(8) };
}

/** See "Structured reply chunk message". */
export interface ChunkHeader {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  readonly lengthBytes: number;
}

export function encodeChunkHeader(header: ChunkHeader, target: Buffer, at = 0): void {
  target.writeUInt32BE(magic.structuredReply, at);
  target.writeUInt16BE(header.flags, at + 4);
  target.writeUInt16BE(header.type, at + 6);
  target.writeBigUInt64BE(header.cookie, at + 8);
  target.writeUInt32BE(header.lengthBytes, at + 16);
}

/** The caller has checked the magic, which distinguishes the two kinds of reply. */
export function decodeChunkHeader(source: Buffer): ChunkHeader {
  return {
    flags: source.readUInt16BE(4),
    type: source.readUInt16BE(6),
    cookie: source.readBigUInt64BE(8),
    lengthBytes: source.readUInt32BE(16),
  };
}

/** The start of the payload of a data chunk, and of a hole. */
export function encodeDataOffset(offset: number, target: Buffer, at = 0): void {
  target.writeUInt32BE(Math.floor(offset / 2 ** 32), at);
  target.writeUInt32BE(offset % 2 ** 32, at + 4);
}

export interface Hole {
  readonly offset: number;
  readonly lengthBytes: number;
}

export function encodeHole(hole: Hole, target: Buffer, at = 0): void {
  encodeDataOffset(hole.offset, target, at);
  target.writeUInt32BE(hole.lengthBytes, at + dataOffsetBytes);
}

export function decodeHole(payload: Buffer): Hole {
  const cursor = new ByteCursor(payload);
  const hole = { offset: cursor.uint64(), lengthBytes: cursor.uint32() };
  cursor.end('hole chunk');
  return hole;
}

export interface ErrorPayload {
  readonly error: number;
  readonly message: string;
}

/** The payload of `NBD_REPLY_TYPE_ERROR`. The message is cut to what the protocol allows. */
export function encodeErrorPayload(payload: ErrorPayload): Buffer {
  const message = encodeBoundedText(payload.message);
  return new ByteWriter().uint32(payload.error).uint16(message.length).bytes(message).finish();
}

/** Every error chunk begins like this; some have more fields (an offset), which we do not need. */
export function decodeErrorPayload(payload: Buffer): ErrorPayload {
  const cursor = new ByteCursor(payload);
  const error = cursor.uint32();
  if (error === 0) throw new NbdProtocolError('an error chunk with error value 0');
  return { error, message: cursor.string(cursor.uint16()) };
}

export interface StatusExtent {
  /** Not zero. */
  readonly lengthBytes: number;
  readonly flags: number;
}

export interface BlockStatusPayload {
  readonly contextId: number;
  readonly extents: readonly StatusExtent[];
}

export function encodeBlockStatus(payload: BlockStatusPayload): Buffer {
  const bytes = Buffer.allocUnsafe(4 + payload.extents.length * extentBytes);
  bytes.writeUInt32BE(payload.contextId, 0);
  payload.extents.forEach((extent, index) => {
    bytes.writeUInt32BE(extent.lengthBytes, 4 + index * extentBytes);
    bytes.writeUInt32BE(extent.flags, 8 + index * extentBytes);
  });
  return bytes;
}

export function decodeBlockStatus(payload: Buffer): BlockStatusPayload {
  const count = (payload.length - 4) / extentBytes;
  if (!Number.isInteger(count) || count < 1) {
    throw new NbdProtocolError(`a block status chunk of ${payload.length} bytes`);
  }
  const cursor = new ByteCursor(payload);
  const contextId = cursor.uint32();
  const extents = Array.from({ length: count }, () => ({
    lengthBytes: cursor.uint32(),
    flags: cursor.uint32(),
  }));
  if (extents.some((extent) => extent.lengthBytes === 0)) {
    throw new NbdProtocolError('an empty block status extent');
  }
  return { contextId, extents };
}

const namesOfErrors = new Map<number, string>(
  Object.entries(errorCode).map(([name, code]) => [code, name]),
);

/** `EIO` for 5; the number itself when the protocol has no name for it. */
export function errorName(code: number): string {
  return namesOfErrors.get(code) ?? `error ${code}`;
}
