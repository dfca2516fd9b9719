import { chunkType, commandType } from '../codec/constants.ts';
import type { BlockStatusPayload, ErrorPayload } from '../codec/reply.ts';
import { decodeBlockStatus, decodeHole, errorName } from '../codec/reply.ts';
import { NbdProtocolError, NbdServerError } from '../errors.ts';
import { Coverage } from './coverage.ts';
import { FirstError } from './first-error.ts';

/** A request in flight: takes the chunks of its reply and settles at the last. */
export interface PendingCommand {
  readonly type: number;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Where a run of data at this offset of the disk goes. Throws NbdProtocolError when it does not belong here. */
  dataTarget(offset: number, lengthBytes: number): Buffer;
  /** The longest payload of a chunk of this type, other than data and errors; undefined when it is not allowed. */
  payloadBytesMax(type: number): number | undefined;
  takeChunk(type: number, payload: Buffer): void;
  takeError(error: ErrorPayload): void;
  /** The last chunk was taken. Throws NbdProtocolError when something is missing. */
  finish(): void;
  reject(error: Error): void;
}

interface Settle<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export interface ReadRequest {
  readonly offset: number;
  /** Filled with the bytes of the disk. Its contents are undefined when the read fails. */
  readonly target: Buffer;
}

export class PendingRead implements PendingCommand {
  readonly type = commandType.read;
  readonly offset: number;
  readonly #target: Buffer;
  readonly #coverage: Coverage;
  readonly #settle: Settle<void>;
  readonly #errors = new FirstError();

  constructor(request: ReadRequest, settle: Settle<void>) {
    this.offset = request.offset;
    this.#target = request.target;
    this.#coverage = new Coverage(request.offset, request.target.length);
    this.#settle = settle;
  }

  get lengthBytes(): number {
    return this.#target.length;
  }

  dataTarget(offset: number, lengthBytes: number): Buffer {
    this.#coverage.add(offset, lengthBytes);
    const start = offset - this.offset;
    return this.#target.subarray(start, start + lengthBytes);
  }

  payloadBytesMax(type: number): number | undefined {
    return type === chunkType.offsetHole ? 12 : undefined;
  }

  takeChunk(_type: number, payload: Buffer): void {
    const hole = decodeHole(payload);
    this.dataTarget(hole.offset, hole.lengthBytes).fill(0);
  }

  takeError(error: ErrorPayload): void {
    this.#errors.add(serverError('read', this, error));
  }

  finish(): void {
    if (this.#errors.error !== undefined) {
      this.#settle.reject(this.#errors.error);
      return;
    }
    if (!this.#coverage.complete) {
      throw new NbdProtocolError(`the reply for ${this.offset}+${this.lengthBytes} lacks data`);
    }
    this.#settle.resolve();
  }

  reject(error: Error): void {
    this.#settle.reject(error);
  }
}

export interface StatusRequest {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Extents by context id. */
export type StatusAnswer = ReadonlyMap<number, BlockStatusPayload['extents']>;

/** The longest block status chunk that we take; a descriptor has eight bytes. */
const statusPayloadBytesMax = 8 * 1024 * 1024;

export class PendingStatus implements PendingCommand {
  readonly type = commandType.blockStatus;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly #contextIds: ReadonlySet<number>;
  readonly #settle: Settle<StatusAnswer>;
  readonly #answer = new Map<number, BlockStatusPayload['extents']>();
  readonly #errors = new FirstError();

  constructor(
    request: StatusRequest,
    contextIds: ReadonlySet<number>,
    settle: Settle<StatusAnswer>,
  ) {
    this.offset = request.offset;
    this.lengthBytes = request.lengthBytes;
    this.#contextIds = contextIds;
    this.#settle = settle;
  }

  dataTarget(): Buffer {
    throw new NbdProtocolError('data in the reply to a block status request');
  }

  payloadBytesMax(type: number): number | undefined {
    return type === chunkType.blockStatus ? statusPayloadBytesMax : undefined;
  }

  takeChunk(_type: number, payload: Buffer): void {
    const { contextId, extents } = decodeBlockStatus(payload);
    if (!this.#contextIds.has(contextId)) {
      throw new NbdProtocolError(`block status of context ${contextId}, which was not selected`);
    }
    if (this.#answer.has(contextId)) {
      throw new NbdProtocolError(`block status of context ${contextId} twice in one reply`);
    }
    this.#answer.set(contextId, extents);
  }

  takeError(error: ErrorPayload): void {
    this.#errors.add(serverError('block status', this, error));
  }

  finish(): void {
    if (this.#errors.error !== undefined) {
      this.#settle.reject(this.#errors.error);
      return;
    }
    if (this.#answer.size !== this.#contextIds.size) {
      throw new NbdProtocolError('a block status reply lacks a context');
    }
    this.#settle.resolve(this.#answer);
  }

  reject(error: Error): void {
    this.#settle.reject(error);
  }
}

function serverError(
  what: string,
  range: StatusRequest,
  { error, message }: ErrorPayload,
): NbdServerError {
  const text = `${what} of ${range.offset}+${range.lengthBytes} failed: ${errorName(error)}`;
  return new NbdServerError(error, message === '' ? text : `${text} (${message})`);
}
