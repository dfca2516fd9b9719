import { KiB } from '@bakehouse/base';
import type { BlockPiece } from '../block-device.ts';
import { chunkFlag, chunkType, commandFlag, errorCode } from '../codec/constants.ts';
import {
  chunkHeaderBytes,
  dataOffsetBytes,
  encodeChunkHeader,
  encodeDataOffset,
  encodeHole,
  encodeSimpleReply,
  holePayloadBytes,
  simpleReplyBytes,
} from '../codec/reply.ts';
import type { NbdRequest } from '../codec/request.ts';
import type { ReplyBatch } from './reply-batch.ts';

const zeros = Buffer.alloc(256 * KiB);

export function pieceBytes(piece: BlockPiece): number {
  return piece instanceof Uint8Array ? piece.length : piece.zeroBytes;
}

/** The answer to a read without structured replies: one header, then every byte. */
export function appendSimpleRead(
  batch: ReplyBatch,
  request: NbdRequest,
  pieces: readonly BlockPiece[],
): void {
  batch.header(simpleReplyBytes, (target, at) =>
    encodeSimpleReply({ error: 0, cookie: request.cookie }, target, at),
  );
  appendPieces(batch, pieces);
}

/**
 * The answer to a read with structured replies: a chunk for each run of bytes and of zeros, or one
 * chunk for all when the client must not get more (`NBD_CMD_FLAG_DF`).
 */
export function appendStructuredRead(
  batch: ReplyBatch,
  request: NbdRequest,
  pieces: readonly BlockPiece[],
): void {
  if (pieces.length <= 1 || (request.flags & commandFlag.df) === 0) {
    appendChunks(batch, request, pieces);
    return;
  }
  appendDataHeader(batch, request, {
    offset: request.offset,
    lengthBytes: request.lengthBytes,
    done: true,
  });
  appendPieces(batch, pieces);
}

function appendChunks(batch: ReplyBatch, request: NbdRequest, pieces: readonly BlockPiece[]): void {
  let offset = request.offset;
  for (let from = 0; from < pieces.length; ) {
    const isData = pieces[from] instanceof Uint8Array;
    let to = from;
    let lengthBytes = 0;
    for (let piece = pieces[to]; piece !== undefined; piece = pieces[to]) {
      if (piece instanceof Uint8Array !== isData) break;
      lengthBytes += pieceBytes(piece);
      to += 1;
    }
    const chunk = { offset, lengthBytes, done: to === pieces.length };
    if (isData) {
      appendDataHeader(batch, request, chunk);
      appendPieces(batch, pieces, from, to);
    } else {
      appendHole(batch, request, chunk);
    }
    offset += lengthBytes;
    from = to;
  }
}

interface Chunk {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly done: boolean;
}

function appendDataHeader(batch: ReplyBatch, request: NbdRequest, chunk: Chunk): void {
  batch.header(chunkHeaderBytes + dataOffsetBytes, (target, at) => {
    const header = {
      flags: chunk.done ? chunkFlag.done : 0,
      type: chunkType.offsetData,
      cookie: request.cookie,
      lengthBytes: dataOffsetBytes + chunk.lengthBytes,
    };
    encodeChunkHeader(header, target, at);
    encodeDataOffset(chunk.offset, target, at + chunkHeaderBytes);
  });
}

function appendHole(batch: ReplyBatch, request: NbdRequest, chunk: Chunk): void {
  batch.header(chunkHeaderBytes + holePayloadBytes, (target, at) => {
    const header = {
      flags: chunk.done ? chunkFlag.done : 0,
      type: chunkType.offsetHole,
      cookie: request.cookie,
      lengthBytes: holePayloadBytes,
    };
    encodeChunkHeader(header, target, at);
    encodeHole(chunk, target, at + chunkHeaderBytes);
  });
}

function appendPieces(
  batch: ReplyBatch,
  pieces: readonly BlockPiece[],
  from = 0,
  to = pieces.length,
): void {
  for (let index = from; index < to; index++) {
    const piece = pieces[index];
    if (piece === undefined) return;
    if (piece instanceof Uint8Array) batch.append(piece);
    else appendZeros(batch, piece.zeroBytes);
  }
}

function appendZeros(batch: ReplyBatch, count: number): void {
  for (let left = count; left > 0; left -= zeros.length) {
    batch.append(left < zeros.length ? zeros.subarray(0, left) : zeros);
  }
}

/** The error for a request that asks beyond the disk or for more than it may; see "Error values". */
export function rangeError(
  request: NbdRequest,
  bounds: { readonly sizeBytes: number; readonly lengthBytesMax: number },
): { readonly error: number; readonly message: string } | undefined {
  const { offset, lengthBytes } = request;
  if (offset + lengthBytes > bounds.sizeBytes) {
    const message = `bytes ${offset}+${lengthBytes} are beyond the end at ${bounds.sizeBytes}`;
    return { error: errorCode.EINVAL, message };
  }
  if (lengthBytes > bounds.lengthBytesMax) {
    const message = `a request of ${lengthBytes} bytes; the limit is ${bounds.lengthBytesMax}`;
    return { error: errorCode.EINVAL, message };
  }
  return undefined;
}
