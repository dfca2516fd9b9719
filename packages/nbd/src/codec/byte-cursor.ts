import { NbdProtocolError } from '../errors.ts';
import { stringBytesMax } from './constants.ts';

/** Reads the fields of one message in wire order. Reading past its end throws NbdProtocolError. */
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

  /** A 64-bit size or offset. Values above 2^53 are rounded and stay above it. */
  uint64(): number {
    return Number(this.#bytes.readBigUInt64BE(this.#advance(8)));
  }

  /** A string of known length. One that is not UTF-8, has a NUL or exceeds 4096 bytes throws NbdProtocolError. */
  string(lengthBytes: number): string {
    if (lengthBytes > stringBytesMax) {
      throw new NbdProtocolError(
        `a string of ${lengthBytes} bytes; the limit is ${stringBytesMax}`,
      );
    }
    const start = this.#advance(lengthBytes);
    return decodeText(this.#bytes.subarray(start, start + lengthBytes));
  }

  /** A string after its 32-bit length. */
  sizedString(): string {
    return this.string(this.uint32());
  }

  /** Throws NbdProtocolError when the message has more bytes than were read. */
  end(what: string): void {
    if (this.remainingBytes !== 0) {
      throw new NbdProtocolError(`${what} has ${this.remainingBytes} bytes too many`);
    }
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.remainingBytes) {
      throw new NbdProtocolError(`the message is ${count - this.remainingBytes} bytes too short`);
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
