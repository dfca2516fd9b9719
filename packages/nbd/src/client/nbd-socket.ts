import { connect, type Socket } from 'node:net';
import { KiB } from '@bakehouse/base';
import { NbdConnectionError } from '../errors.ts';

const receiveBufferBytes = 256 * KiB;
const goodbyeMs = 1000;

/** Receives what comes from the server; may be replaced while the connection is open. */
export interface SocketListener {
  /** The bytes are valid during the call only. An error thrown here ends the connection. */
  onBytes(bytes: Buffer): void;
  /** Called once, after everything else. */
  onClosed(error: Error): void;
}

/** A connection to a Unix socket that reads into a single buffer, reused for every read. */
export class NbdSocket {
  readonly #socket: Socket;
  readonly #path: string;
  #listener: SocketListener;
  #failure: Error | undefined;
  #corked = false;

  constructor(path: string, listener: SocketListener) {
    this.#path = path;
    this.#listener = listener;
    const buffer = Buffer.allocUnsafeSlow(receiveBufferBytes);
    this.#socket = connect({
      path,
      onread: {
        buffer,
        callback: (count) => {
          this.#receive(buffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket.on('error', (cause) => {
      this.#failure ??= new NbdConnectionError(`NBD socket ${path}: ${cause.message}`, { cause });
    });
    this.#socket.on('close', () => this.#listener.onClosed(this.#failure ?? this.#hungUp()));
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  onceClosed(callback: () => void): void {
    this.#socket.once('close', callback);
  }

  /** Writes of one turn of the event loop leave together. */
  write(bytes: Buffer): void {
    if (this.#failure !== undefined) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  /** Ends the connection at once. The first failure is the one reported. */
  destroy(failure: Error): void {
    this.#failure ??= failure;
    this.#socket.destroy();
  }

  /** Sends these last bytes, then ends the connection. */
  end(bytes: Buffer, failure: Error): void {
    this.#failure ??= failure;
    this.#socket.end(bytes, () => this.#socket.destroy());
    // A server that reads nothing must not keep the socket open.
    setTimeout(() => this.#socket.destroy(), goodbyeMs).unref();
  }

  #receive(bytes: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      this.#listener.onBytes(bytes);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new NbdConnectionError(String(error)));
    }
  }

  #hungUp(): NbdConnectionError {
    return new NbdConnectionError(`the NBD server at ${this.#path} closed the connection`);
  }
}
