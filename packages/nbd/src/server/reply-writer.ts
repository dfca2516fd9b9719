import { KiB } from '@bakehouse/base';
import type { BlockPiece } from '../block-device.ts';
import { chunkFlag, chunkType, commandFlag } from '../codec/constants.ts';
import {
  chunkHeaderBytes,
  dataOffsetBytes,
  encodeBlockStatus,
  encodeChunkHeader,
  encodeDataOffset,
  encodeErrorPayload,
  encodeHole,
  encodeSimpleReply,
  holePayloadBytes,
  type StatusExtent,
  simpleReplyBytes,
} from '../codec/reply.ts';
import type { NbdRequest } from '../codec/request.ts';
import type { ReplyBatch } from './reply-batch.ts';

const zeros = Buffer.alloc(256 * KiB);
const nothing = Buffer.alloc(0);

/** Consecutive bytes of a read that travel in one chunk; `done` marks the last of the reply. */
interface Chunk {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly done: boolean;
}

/** Writes whole replies into a batch, simple or structured as the handshake agreed. */
export class ReplyWriter {
  readonly #batch: ReplyBatch;
  readonly #structured: boolean;

  constructor(batch: ReplyBatch, structuredReplies: boolean) {
    this.#batch = batch;
    this.#structured = structuredReplies;
  }

  acknowledge(request: NbdRequest): void {
    if (this.#structured) this.#onlyChunk(request, chunkType.none, nothing);
    else this.#simple(request, 0);
  }

  refuse(request: NbdRequest, error: number, message: string): void {
    if (this.#structured) {
      this.#onlyChunk(request, chunkType.error, encodeErrorPayload({ error, message }));
    } else this.#simple(request, error);
  }

  /** Throws when the pieces are not exactly as long as the request; nothing has been written then. */
  data(request: NbdRequest, pieces: readonly BlockPiece[]): void {
    let sum = 0;
    for (const piece of pieces) sum += pieceBytes(piece);
    if (sum !== request.lengthBytes) {
      throw new Error(`the device returned ${sum} bytes instead of ${request.lengthBytes}`);
    }
    // NBD_CMD_FLAG_DF: the client wants a single chunk.
    const inOne = pieces.length > 1 && (request.flags & commandFlag.df) !== 0;
    if (sum === 0) this.acknowledge(request);
    else if (this.#structured && !inOne) this.#chunks(request, pieces);
    else {
      const { offset, lengthBytes } = request;
      if (this.#structured) this.#dataHeader(request, { offset, lengthBytes, done: true });
      else this.#simple(request, 0);
      this.#pieces(pieces);
    }
  }

  status(request: NbdRequest, contextId: number, extents: readonly StatusExtent[]): void {
    this.#onlyChunk(request, chunkType.blockStatus, encodeBlockStatus({ contextId, extents }));
  }

  #simple(request: NbdRequest, error: number): void {
    const reply = { error, cookie: request.cookie };
    this.#batch.header(simpleReplyBytes, (target, at) => encodeSimpleReply(reply, target, at));
  }

  #onlyChunk(request: NbdRequest, type: number, payload: Buffer): void {
    const header = {
      flags: chunkFlag.done,
      type,
      cookie: request.cookie,
      lengthBytes: payload.length,
    };
    this.#batch.header(chunkHeaderBytes, (target, at) => encodeChunkHeader(header, target, at));
    if (payload.length > 0) this.#batch.append(payload);
  }

  /** One chunk for each run of bytes and for each run of zeros. */
  #chunks(request: NbdRequest, pieces: readonly BlockPiece[]): void {
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
        this.#dataHeader(request, chunk);
        this.#pieces(pieces, from, to);
      } else {
        this.#hole(request, chunk);
      }
      offset += lengthBytes;
      from = to;
    }
  }

  #dataHeader(request: NbdRequest, chunk: Chunk): void {
    this.#batch.header(chunkHeaderBytes + dataOffsetBytes, (target, at) => {
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

  #hole(request: NbdRequest, chunk: Chunk): void {
    this.#batch.header(chunkHeaderBytes + holePayloadBytes, (target, at) => {
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

  #pieces(pieces: readonly BlockPiece[], from = 0, to = pieces.length): void {
    for (let index = from; index < to; index++) {
      const piece = pieces[index];
      if (piece === undefined) return;
      if (piece instanceof Uint8Array) this.#batch.append(piece);
      else this.#zeros(piece.zeroBytes);
    }
  }

  #zeros(count: number): void {
    for (let left = count; left > 0; left -= zeros.length) {
      this.#batch.append(left < zeros.length ? zeros.subarray(0, left) : zeros);
    }
  }
}

function pieceBytes(piece: BlockPiece): number {
  return piece instanceof Uint8Array ? piece.length : piece.zeroBytes;
}
