import { NbdConnectionError, NbdProtocolError } from '../errors.ts';

interface Waiter {
  readonly lengthBytes: number;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** The connection as a channel sees it. */
export interface ChannelPeer {
  send(bytes: Buffer): void;
  /** Resolves when the peer has taken enough of what was sent for more to be written. Absent: always. */
  drained?(): Promise<void>;
  /** Stops and resumes what comes, when too much of it waits. Absent: a peer that sends so much is broken. */
  readonly flow?: { pause(): void; resume(): void };
}

/**
 * The bytes of a handshake as a sequence to read from, independent of the socket. Holds little more than
 * `heldBytesMax` that nobody has asked for yet.
 */
export class ByteChannel {
  readonly #peer: ChannelPeer;
  readonly #heldBytesMax: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #waiter: Waiter | undefined;
  /** Why no more bytes will come. */
  #ended: Error | undefined;
  #failure: Error | undefined;
  readonly #failed = Promise.withResolvers<never>();

  constructor(peer: ChannelPeer, heldBytesMax: number) {
    this.#peer = peer;
    this.#heldBytesMax = heldBytesMax;
    this.#failed.promise.catch(() => {});
  }

  /** Rejects when the channel fails, for callers that wait for something else meanwhile. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Bytes from the peer. The channel keeps the buffer. */
  feed(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    this.#settle();
    if (!this.#isFull()) return;
    if (this.#peer.flow) this.#peer.flow.pause();
    else this.fail(new NbdProtocolError(`the peer sent over ${this.#heldBytesMax} bytes unasked`));
  }

  /**
   * No more bytes will come. What has come can still be read, and what is written still goes out: the peer may
   * have closed its sending side only. A read of more than has come rejects with this error.
   */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.#waiter?.reject(this.#ended);
    this.#waiter = undefined;
  }

  /** The connection is lost: as `end`, and nothing more is written. The first failure is the one reported. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#failed.reject(this.#failure);
    this.end(this.#failure);
  }

  write(bytes: Buffer): void {
    if (this.#failure === undefined) this.#peer.send(bytes);
  }

  /** Resolves when more can be written without piling up replies that the peer does not read. */
  async drained(): Promise<void> {
    await this.#peer.drained?.();
  }

  /** Exactly that many bytes. One reader at a time. */
  readExactly(lengthBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined && this.#heldBytes < lengthBytes) {
        reject(this.#ended);
        return;
      }
      this.#waiter = { lengthBytes, resolve, reject };
      this.#settle();
    });
  }

  /** Reads and discards that many bytes, holding few of them at a time. */
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

  #isFull(): boolean {
    return this.#heldBytes - (this.#waiter?.lengthBytes ?? 0) > this.#heldBytesMax;
  }

  #settle(): void {
    const waiter = this.#waiter;
    if (waiter === undefined || this.#heldBytes < waiter.lengthBytes) return;
    this.#waiter = undefined;
    waiter.resolve(this.#take(waiter.lengthBytes));
  }

  #take(lengthBytes: number): Buffer {
    const wasFull = this.#heldBytes > this.#heldBytesMax;
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const held = all ?? Buffer.alloc(0);
    this.#chunks = held.length > lengthBytes ? [held.subarray(lengthBytes)] : [];
    this.#heldBytes -= lengthBytes;
    if (wasFull && !this.#isFull()) this.#peer.flow?.resume();
    return held.subarray(0, lengthBytes);
  }
}

/** The error of a peer that closed the connection. */
export function hungUp(during: string, cause?: unknown): NbdConnectionError {
  return new NbdConnectionError(`the peer closed the connection during ${during}`, { cause });
}
