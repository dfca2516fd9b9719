import { NbdConnectionError, NbdProtocolError } from '../errors.ts';

interface Waiter {
  readonly lengthBytes: number;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The bytes of a handshake as a sequence to read from, wherever they come from. Holds at most
 * `heldBytesMax` that nobody has asked for yet: a peer that sends more is broken or hostile.
 */
export class ByteChannel {
  readonly #send: (bytes: Buffer) => void;
  readonly #heldBytesMax: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #waiter: Waiter | undefined;
  #failure: Error | undefined;
  readonly #failed = Promise.withResolvers<never>();

  constructor(send: (bytes: Buffer) => void, heldBytesMax: number) {
    this.#send = send;
    this.#heldBytesMax = heldBytesMax;
    this.#failed.promise.catch(() => {});
  }

  /** Rejects when the channel fails, for those who wait for something else meanwhile. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Bytes from the peer. The channel keeps the buffer. */
  feed(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    this.#settle();
    if (this.#heldBytes - (this.#waiter?.lengthBytes ?? 0) > this.#heldBytesMax) {
      this.fail(new NbdProtocolError(`the peer sent over ${this.#heldBytesMax} bytes unasked`));
    }
  }

  /** No more bytes will come; whoever waits for some gets this error. The first failure stands. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#failed.reject(this.#failure);
    this.#waiter?.reject(this.#failure);
    this.#waiter = undefined;
  }

  write(bytes: Buffer): void {
    if (this.#failure === undefined) this.#send(bytes);
  }

  /** Exactly that many bytes. One reader at a time. */
  readExactly(lengthBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined && this.#heldBytes < lengthBytes) {
        reject(this.#failure);
        return;
      }
      this.#waiter = { lengthBytes, resolve, reject };
      this.#settle();
    });
  }

  /** Reads that many bytes and forgets them, without ever holding many. */
  async skip(lengthBytes: number): Promise<void> {
    for (let left = lengthBytes; left > 0; ) {
      const step = Math.min(left, this.#heldBytesMax);
      await this.readExactly(step);
      left -= step;
    }
  }

  /** What has come and was not read: the start of what follows the handshake. */
  takeRest(): Buffer {
    return this.#take(this.#heldBytes);
  }

  #settle(): void {
    const waiter = this.#waiter;
    if (waiter === undefined || this.#heldBytes < waiter.lengthBytes) return;
    this.#waiter = undefined;
    waiter.resolve(this.#take(waiter.lengthBytes));
  }

  #take(lengthBytes: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const held = all ?? Buffer.alloc(0);
    this.#chunks = held.length > lengthBytes ? [held.subarray(lengthBytes)] : [];
    this.#heldBytes -= lengthBytes;
    return held.subarray(0, lengthBytes);
  }
}

/** The error of a peer that went away. */
export function hungUp(during: string, cause?: unknown): NbdConnectionError {
  return new NbdConnectionError(`the peer closed the connection during ${during}`, { cause });
}
