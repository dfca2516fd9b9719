import type { BlockExtent, BlockPiece } from '../block-device.ts';
import {
  allocationFlag,
  chunkFlag,
  chunkType,
  commandFlag,
  commandType,
  errorCode,
} from '../codec/constants.ts';
import {
  chunkHeaderBytes,
  encodeBlockStatus,
  encodeChunkHeader,
  encodeErrorPayload,
  encodeSimpleReply,
  type StatusExtent,
  simpleReplyBytes,
} from '../codec/reply.ts';
import type { NbdRequest } from '../codec/request.ts';
import type { NbdServerLimits } from './limits.ts';
import type { ServerSession } from './negotiate.ts';
import { appendSimpleRead, appendStructuredRead, pieceBytes, rangeError } from './read-reply.ts';
import { type BatchSink, ReplyBatch } from './reply-batch.ts';
import { RequestParser } from './request-parser.ts';

/** The connection as transmission sees it. */
export interface TransmissionPeer extends BatchSink {
  /** No more input is wanted, and it is wanted again. */
  pause(): void;
  resume(): void;
  /** All has been said: to be closed when all is written. */
  end(): void;
  /** The client broke the protocol: to be dropped. Said once, after which nothing more is. */
  fail(error: unknown): void;
  /** The device failed to answer; the client has been told. */
  onDeviceError(request: NbdRequest, error: unknown): void;
}

/**
 * The server's side of the transmission phase. Requests are answered as they are parsed when the device
 * has the bytes at hand, and else in the order in which it has them; the replies of one turn leave in one
 * write. While a client has asked for more than it may have in flight, nothing more is read from it.
 */
export class Transmission {
  readonly #session: ServerSession;
  readonly #limits: NbdServerLimits;
  readonly #peer: TransmissionPeer;
  readonly #parser = new RequestParser();
  readonly #batch: ReplyBatch;
  readonly #commands = new Map<number, (request: NbdRequest) => void>([
    [commandType.read, (request) => this.#read(request)],
    [commandType.blockStatus, (request) => this.#blockStatus(request)],
    [commandType.cache, (request) => this.#cache(request)],
    [commandType.flush, (request) => this.#acknowledge(request)],
    [commandType.disconnect, () => this.#disconnect()],
  ]);
  /** Parsed and not begun, because too much is in flight. */
  #waiting: NbdRequest | undefined;
  #paused = false;
  #ending = false;
  #flushPlanned = false;
  #pendingRequests = 0;
  #pendingBytes = 0;
  #onIdle: (() => void) | undefined;

  constructor(session: ServerSession, peer: TransmissionPeer, limits: NbdServerLimits) {
    this.#session = session;
    this.#peer = peer;
    this.#limits = limits;
    this.#batch = new ReplyBatch(peer);
  }

  /** Bytes from the client, which the transmission keeps. */
  push(bytes: Buffer): void {
    if (this.#ending) return;
    this.#parser.feed(bytes);
    this.#run();
  }

  /** The connection is over: nothing more is begun. Resolves when the device is no longer in use. */
  stop(): Promise<void> {
    this.#ending = true;
    if (this.#pendingRequests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Called on input and whenever room has come; so nothing may throw out of it. */
  #run(): void {
    try {
      this.#beginAll();
      this.#flush();
      this.#steer();
    } catch (error) {
      this.#ending = true;
      this.#peer.fail(error);
    }
  }

  #beginAll(): void {
    while (!this.#ending) {
      const request = this.#waiting ?? this.#parser.next();
      this.#waiting = undefined;
      if (request === undefined) return;
      if (!this.#fits(request)) {
        this.#waiting = request;
        return;
      }
      this.#begin(request);
    }
  }

  #fits(request: NbdRequest): boolean {
    const bytes = this.#pendingBytes + this.#batch.unwrittenBytes;
    if (bytes === 0 && this.#pendingRequests === 0) return true;
    return (
      this.#pendingRequests < this.#limits.inFlightRequestsMax &&
      bytes + heldBytes(request) <= this.#limits.inFlightBytesMax
    );
  }

  readonly #onWritten = (): void => {
    if (this.#waiting !== undefined) this.#run();
    else this.#flush();
    if (this.#ending) this.#endWhenDone();
  };

  /** Reads from the client exactly when the next request may begin. */
  #steer(): void {
    const full = this.#waiting !== undefined;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#peer.pause();
    else this.#peer.resume();
  }

  #flush(): void {
    this.#batch.flush(this.#onWritten);
  }

  #begin(request: NbdRequest): void {
    if ((request.flags & ~(allowedFlags.get(request.type) ?? 0)) !== 0) {
      this.#refuse(request, errorCode.EINVAL, `flags 0x${request.flags.toString(16)} do not apply`);
      return;
    }
    const command = this.#commands.get(request.type);
    if (command === undefined) this.#refuseCommand(request);
    else command(request);
  }

  #refuseCommand(request: NbdRequest): void {
    if (writingCommands.has(request.type)) {
      this.#refuse(request, errorCode.EPERM, 'the export is read-only');
      return;
    }
    this.#refuse(request, errorCode.EINVAL, `command ${request.type} is not supported`);
  }

  #disconnect(): void {
    this.#ending = true;
    this.#endWhenDone();
  }

  /** Whatever was asked for before the disconnect is answered first. */
  #endWhenDone(): void {
    if (this.#pendingRequests > 0) return;
    this.#flush();
    if (this.#batch.unwrittenBytes === 0) this.#peer.end();
  }

  #read(request: NbdRequest): void {
    if (this.#beyondBounds(request, this.#limits.requestBytesMax)) return;
    this.#answer(
      request,
      () => this.#session.device.read(request.offset, request.lengthBytes),
      (pieces) => this.#replyRead(request, pieces),
    );
  }

  #replyRead(request: NbdRequest, pieces: readonly BlockPiece[]): void {
    let sum = 0;
    for (const piece of pieces) sum += pieceBytes(piece);
    if (sum !== request.lengthBytes) {
      throw new Error(`the device answered ${sum} bytes instead of ${request.lengthBytes}`);
    }
    if (sum === 0) this.#acknowledge(request);
    else if (this.#session.structuredReplies) appendStructuredRead(this.#batch, request, pieces);
    else appendSimpleRead(this.#batch, request, pieces);
  }

  #cache(request: NbdRequest): void {
    if (this.#beyondBounds(request, this.#limits.requestBytesMax)) return;
    this.#answer(
      request,
      () => this.#session.device.read(request.offset, request.lengthBytes),
      () => this.#acknowledge(request),
    );
  }

  #blockStatus(request: NbdRequest): void {
    const contextId = this.#session.allocationContextId;
    if (contextId === undefined || request.lengthBytes === 0) {
      const why =
        contextId === undefined ? 'no metadata context is selected' : 'no bytes asked for';
      this.#refuse(request, errorCode.EINVAL, why);
      return;
    }
    if (this.#beyondBounds(request, Number.POSITIVE_INFINITY)) return;
    const { device } = this.#session;
    const countMax = (request.flags & commandFlag.reqOne) === 0 ? this.#limits.extentsMax : 1;
    this.#answer(
      request,
      () => device.extents?.(request, countMax) ?? [{ ...request, zero: false }],
      (extents) => this.#replyStatus(request, contextId, statusOf(extents, request, countMax)),
    );
  }

  #replyStatus(request: NbdRequest, contextId: number, extents: readonly StatusExtent[]): void {
    if (extents.length === 0) throw new Error('the device answered no extents');
    this.#chunk(request, chunkType.blockStatus, encodeBlockStatus({ contextId, extents }));
  }

  /** Asks the device and replies, at once when it answers at once. */
  #answer<Answer>(
    request: NbdRequest,
    ask: () => Answer | Promise<Answer>,
    reply: (answer: Answer) => void,
  ): void {
    try {
      const answer = ask();
      if (answer instanceof Promise) this.#defer(request, answer, reply);
      else reply(answer);
    } catch (error) {
      this.#fail(request, error);
    }
  }

  #defer<Answer>(
    request: NbdRequest,
    promise: Promise<Answer>,
    reply: (answer: Answer) => void,
  ): void {
    this.#pendingRequests += 1;
    this.#pendingBytes += heldBytes(request);
    promise
      .then(reply)
      .catch((error: unknown) => this.#fail(request, error))
      .finally(() => {
        this.#pendingRequests -= 1;
        this.#pendingBytes -= heldBytes(request);
        this.#settled();
      });
  }

  #settled(): void {
    if (this.#pendingRequests === 0 && this.#ending) {
      this.#endWhenDone();
      this.#onIdle?.();
      return;
    }
    if (this.#flushPlanned) return;
    // Reads that end in the same turn leave in the same write.
    this.#flushPlanned = true;
    setImmediate(() => {
      this.#flushPlanned = false;
      this.#run();
    });
  }

  #beyondBounds(request: NbdRequest, lengthBytesMax: number): boolean {
    const { sizeBytes } = this.#session.device;
    const refusal = rangeError(request, { sizeBytes, lengthBytesMax });
    if (refusal !== undefined) this.#refuse(request, refusal.error, refusal.message);
    return refusal !== undefined;
  }

  #fail(request: NbdRequest, error: unknown): void {
    this.#peer.onDeviceError(request, error);
    this.#refuse(request, errorCode.EIO, error instanceof Error ? error.message : String(error));
  }

  #refuse(request: NbdRequest, error: number, message: string): void {
    if (this.#session.structuredReplies) {
      this.#chunk(request, chunkType.error, encodeErrorPayload({ error, message }));
      return;
    }
    this.#simple(request, error);
  }

  #acknowledge(request: NbdRequest): void {
    if (this.#session.structuredReplies) this.#chunk(request, chunkType.none, Buffer.alloc(0));
    else this.#simple(request, 0);
  }

  #simple(request: NbdRequest, error: number): void {
    const reply = { error, cookie: request.cookie };
    this.#batch.header(simpleReplyBytes, (target, at) => encodeSimpleReply(reply, target, at));
  }

  /** The only, and so the last, chunk of a reply. */
  #chunk(request: NbdRequest, type: number, payload: Buffer): void {
    const header = {
      flags: chunkFlag.done,
      type,
      cookie: request.cookie,
      lengthBytes: payload.length,
    };
    this.#batch.header(chunkHeaderBytes, (target, at) => encodeChunkHeader(header, target, at));
    if (payload.length > 0) this.#batch.append(payload);
  }
}

const writingCommands: ReadonlySet<number> = new Set([
  commandType.write,
  commandType.trim,
  commandType.writeZeroes,
]);

const anyFlags = 0xffff;

/** Flags beyond these are refused. What is refused anyway may have any. */
const allowedFlags = new Map<number, number>([
  [commandType.read, commandFlag.df | commandFlag.fua],
  [commandType.blockStatus, commandFlag.reqOne | commandFlag.fua],
  [commandType.cache, commandFlag.fua],
  [commandType.flush, commandFlag.fua],
  [commandType.disconnect, anyFlags],
  ...[...writingCommands].map((type): [number, number] => [type, anyFlags]),
]);

/** A small constant stands for the reply's own size. */
const replyBytes = 64;

function heldBytes(request: NbdRequest): number {
  const data = request.type === commandType.read || request.type === commandType.cache;
  return replyBytes + (data ? request.lengthBytes : 0);
}

/** Device extents as `base:allocation` descriptors that keep within the request. */
function statusOf(
  extents: readonly BlockExtent[],
  request: NbdRequest,
  countMax: number,
): StatusExtent[] {
  const status: StatusExtent[] = [];
  let left = request.lengthBytes;
  for (const extent of extents.slice(0, countMax)) {
    const lengthBytes = Math.min(extent.lengthBytes, left);
    if (lengthBytes <= 0) break;
    status.push({
      lengthBytes,
      flags: extent.zero ? allocationFlag.hole | allocationFlag.zero : 0,
    });
    left -= lengthBytes;
  }
  return status;
}
