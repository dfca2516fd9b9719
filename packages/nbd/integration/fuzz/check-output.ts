import {
  allocationFlag,
  chunkType,
  commandFlag,
  commandType,
  errorCode,
  magic,
  optionReplyType,
  optionType,
} from '../../src/codec/constants.ts';
import { decodeOptionReplyHeader } from '../../src/codec/option.ts';
import {
  decodeBlockStatus,
  decodeChunkHeader,
  decodeErrorPayload,
  decodeHole,
  decodeSimpleReply,
} from '../../src/codec/reply.ts';
import type { NbdRequest } from '../../src/codec/request.ts';
import { deviceBytes, deviceContent } from './devices.ts';
import type { SessionPromise } from './session.ts';

const readBytesMax = 32 * 1024 * 1024;
const greetingBytes = 18;

/**
 * Throws unless the bytes are what the server owes to this client: well-formed option replies, then one reply
 * to each request, with the device's bytes or the right error.
 */
export function checkOutput(output: Buffer, promise: SessionPromise): void {
  const start = skipHandshake(output, promise);
  if (promise.exportName === undefined) {
    require(start === output.length, `${output.length - start} bytes after a refused export`);
    return;
  }
  const pending = new Map(
    promise.requests.map((request) => [request.cookie, new Owed(request, promise)]),
  );
  for (let at = start; at < output.length; ) {
    const cookie = output.readBigUInt64BE(at + 8);
    const owed = pending.get(cookie);
    if (owed === undefined) throw new Error(`a reply to ${cookie}, which waits for none`);
    at += owed.take(output.subarray(at));
    if (owed.isDone) pending.delete(cookie);
  }
  require(pending.size === 0, `no reply to ${[...pending.keys()]}`);
}

/** Where transmission begins. */
function skipHandshake(output: Buffer, promise: SessionPromise): number {
  for (let at = greetingBytes; at < output.length; ) {
    if (output.readBigUInt64BE(at) !== magic.optionReply) {
      require(promise.byName, 'bytes without a header that are no export by name');
      require(output.readBigUInt64BE(at) === BigInt(deviceBytes), 'the size of the export');
      return at + (promise.noZeroes ? 10 : 134);
    }
    const { option, type, lengthBytes } = decodeOptionReplyHeader(output.subarray(at));
    require(lengthBytes <= 4096 + 64, `an option reply of ${lengthBytes} bytes`);
    at += 20 + lengthBytes;
    require(at <= output.length, 'an option reply was cut');
    if (option === optionType.go && type === optionReplyType.ack) return at;
  }
  require(promise.exportName === undefined, 'transmission was never reached');
  return output.length;
}

/** A request that waits for (the rest of) its reply. */
class Owed {
  readonly #request: NbdRequest;
  readonly #promise: SessionPromise;
  readonly #data: Buffer;
  #filledBytes = 0;
  isDone = false;

  constructor(request: NbdRequest, promise: SessionPromise) {
    this.#request = request;
    this.#promise = promise;
    const isRead = request.type === commandType.read && expectedError(request, promise) === 0;
    this.#data = Buffer.alloc(isRead ? request.lengthBytes : 0);
  }

  /** Checks the message at the start of `bytes`; returns its length. */
  take(bytes: Buffer): number {
    const isStructured = bytes.readUInt32BE(0) === magic.structuredReply;
    require(isStructured === this.#promise.structuredReplies, 'the wrong kind of reply');
    return isStructured ? this.#takeChunk(bytes) : this.#takeSimple(bytes);
  }

  #takeSimple(bytes: Buffer): number {
    const { error } = decodeSimpleReply(bytes);
    require(error === expectedError(this.#request, this.#promise), `error ${error}`);
    this.#fill(this.#request.offset, bytes.subarray(16, 16 + this.#data.length));
    this.#finish();
    return 16 + this.#data.length;
  }

  #takeChunk(bytes: Buffer): number {
    const { flags, type, lengthBytes } = decodeChunkHeader(bytes);
    const payload = bytes.subarray(20, 20 + lengthBytes);
    require(payload.length === lengthBytes, 'a chunk was cut');
    this.#check(type, payload);
    if ((flags & 1) !== 0) this.#finish();
    return 20 + lengthBytes;
  }

  #check(type: number, payload: Buffer): void {
    const expected = expectedError(this.#request, this.#promise);
    if (type === chunkType.error) {
      require(decodeErrorPayload(payload).error === expected, `error ${payload.readUInt32BE(0)}`);
      this.#filledBytes = this.#data.length;
      return;
    }
    require(expected === 0, `no error ${expected}`);
    if (type === chunkType.offsetData) {
      this.#fill(Number(payload.readBigUInt64BE(0)), payload.subarray(8));
    } else if (type === chunkType.offsetHole) {
      const { offset, lengthBytes } = decodeHole(payload);
      this.#fill(offset, Buffer.alloc(lengthBytes));
    } else if (type === chunkType.blockStatus) {
      checkExtents(this.#request, decodeBlockStatus(payload).extents);
    } else require(type === chunkType.none, `a chunk of type ${type}`);
  }

  #fill(offset: number, bytes: Buffer): void {
    bytes.copy(this.#data, offset - this.#request.offset);
    this.#filledBytes += bytes.length;
  }

  #finish(): void {
    const { offset } = this.#request;
    require(this.#filledBytes === this.#data.length, `${this.#filledBytes} bytes of data`);
    const expected = deviceContent.subarray(offset, offset + this.#data.length);
    require(Buffer.compare(this.#data, expected) === 0, `other bytes at ${offset}`);
    this.isDone = true;
  }
}

/** The rules of the protocol and of our limits, written a second time. */
function expectedError(request: NbdRequest, promise: SessionPromise): number {
  const { type, flags, offset, lengthBytes } = request;
  if (refusedCommands.has(type)) return errorCode.EPERM;
  const allowed = allowedFlags.get(type);
  if (allowed === undefined || (flags & ~allowed) !== 0) return errorCode.EINVAL;
  if (type === commandType.flush) return 0;
  const isStatus = type === commandType.blockStatus;
  if (isStatus && (!promise.allocationSelected || lengthBytes === 0)) return errorCode.EINVAL;
  if (offset + lengthBytes > deviceBytes) return errorCode.EINVAL;
  if (!isStatus && lengthBytes > readBytesMax) return errorCode.EINVAL;
  return promise.exportName === 'broken' && !isStatus ? errorCode.EIO : 0;
}

const refusedCommands: ReadonlySet<number> = new Set([
  commandType.write,
  commandType.trim,
  commandType.writeZeroes,
]);

const { fua, df, reqOne } = commandFlag;
const allowedFlags: ReadonlyMap<number, number> = new Map([
  [commandType.read, fua | df],
  [commandType.cache, fua],
  [commandType.flush, fua],
  [commandType.blockStatus, fua | reqOne],
]);

function checkExtents(
  request: NbdRequest,
  extents: readonly { readonly lengthBytes: number; readonly flags: number }[],
): void {
  let at = request.offset;
  for (const { lengthBytes, flags } of extents) {
    const bytes = deviceContent.subarray(at, at + lengthBytes);
    const isZero = bytes.every((byte) => byte === 0);
    const expected = isZero ? allocationFlag.hole | allocationFlag.zero : 0;
    require(flags === expected, `status ${flags} of ${at}+${lengthBytes}`);
    at += lengthBytes;
  }
  require(at <= request.offset + request.lengthBytes, 'extents beyond the request');
  require((request.flags & reqOne) === 0 || extents.length === 1, 'more than one extent');
}

function require(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}
