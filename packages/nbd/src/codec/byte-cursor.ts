import { NbdProtocolError } from '../errors.ts';
import { stringBytesMax } from './constants.ts';

/** Reads the fields of one message in wire order; reading past its end is a protocol error. */
export class ByteCursor {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remainingBytes(): number {
    return this.#bytes.length - this.#position;
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  /** A 64-bit size or offset. Answers above 2^53 are rounded, never small. */
  uint64(): number {
    return Number(this.#bytes.readBigUInt64BE(this.#advance(8)));
  }

  /** A string of known length. Not UTF-8, with a NUL, or above 4096 bytes is a protocol error. */
  string(lengthBytes: number): string {
    if (lengthBytes > stringBytesMax) {
      throw new NbdProtocolError(
        `a string of ${lengthBytes} bytes; the limit is ${stringBytesMax}`,
      );
    }
    const start = this.#advance(lengthBytes);
    return decodeText(this.#bytes.subarray(start, start + lengthBytes));
  }

  /** A string behind its 32-bit length. */
  sizedString(): string {
    return this.string(this.uint32());
  }

  /** Promises that the message has been read to its end. */
  end(what: string): void {
    if (this.remainingBytes !== 0) {
      throw new NbdProtocolError(`${what} has ${this.remainingBytes} bytes too many`);
    }
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.remainingBytes) {
      throw new NbdProtocolError(`message ends ${count - this.remainingBytes} bytes too early`);
    }
    this.#position += count;
    return start;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeText(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new NbdProtocolError('a string contains a NUL');
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new NbdProtocolError('a string is not UTF-8', { cause });
  }
}
