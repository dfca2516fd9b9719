import { commandType, errorCode } from '../codec/constants.ts';
import type { NbdRequest } from '../codec/request.ts';
import { type CommandContext, type CommandReply, performCommand } from './commands.ts';
import type { ServerSession } from './handshake-state.ts';
import type { NbdServerLimits } from './limits.ts';
import { type BatchSink, ReplyBatch } from './reply-batch.ts';
import { ReplyWriter } from './reply-writer.ts';
import { RequestParser } from './request-parser.ts';

/** The connection as transmission sees it. */
export interface TransmissionPeer extends BatchSink {
  /** Stops and resumes reading from the client. */
  pause(): void;
  resume(): void;
  /** The client has said goodbye: nothing more is read from it; replies may still be on their way. */
  leaving(): void;
  /** Every reply has been written: close the connection. */
  end(): void;
  /** The client broke the protocol: drop it. Called once; nothing else is called after it. */
  fail(error: unknown): void;
  /** The device failed; the client has been sent EIO. */
  onDeviceError(request: NbdRequest, error: unknown): void;
}

/**
 * `open`: requests are read and run. `leaving`: none is read any more, and those under way are still answered.
 * `over`: nothing more is written.
 */
type Phase = 'open' | 'leaving' | 'over';

/**
 * The server's side of the transmission phase. A request is answered as it is parsed when the device has the
 * bytes in memory, otherwise when the device returns them; the replies of one turn leave in one write. While a
 * client has more in flight than it may, nothing more is read from it.
 */
export class Transmission {
  readonly #context: CommandContext;
  readonly #peer: TransmissionPeer;
  readonly #parser = new RequestParser();
  readonly #batch: ReplyBatch;
  readonly #writer: ReplyWriter;
  #phase: Phase = 'open';
  /** Parsed and not begun, because too much is in flight. */
  #waiting: NbdRequest | undefined;
  /** The client has closed its sending side. */
  #inputEnded = false;
  #paused = false;
  #runPlanned = false;
  /** Of requests that wait for the device. */
  #pendingRequests = 0;
  #pendingBytes = 0;
  #onIdle: (() => void) | undefined;

  constructor(session: ServerSession, peer: TransmissionPeer, limits: NbdServerLimits) {
    this.#context = { session, limits };
    this.#peer = peer;
    this.#batch = new ReplyBatch(peer);
    this.#writer = new ReplyWriter(this.#batch, session.structuredReplies);
  }

  /** Requests that wait for the device. */
  get pendingRequests(): number {
    return this.#pendingRequests;
  }

  /** Bytes from the client. The transmission keeps the buffer. */
  push(bytes: Buffer): void {
    if (this.#phase !== 'open') return;
    this.#parser.feed(bytes);
    this.#run();
  }

  /** The client sends no more. It may still read, so every request that came whole is answered. */
  endInput(): void {
    this.#inputEnded = true;
    this.#run();
  }

  /** The connection is closed. Resolves when the device is no longer in use. */
  stop(): Promise<void> {
    this.#phase = 'over';
    if (this.#pendingRequests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Called on input and whenever room has come; nothing may throw out of it. */
  #run(): void {
    try {
      this.#beginAll();
      if (this.#phase === 'over') return;
      this.#flush();
      this.#steer();
      this.#endWhenDone();
    } catch (error) {
      this.#phase = 'over';
      this.#peer.fail(error);
    }
  }

  #beginAll(): void {
    while (this.#phase === 'open') {
      const request = this.#waiting ?? this.#parser.next();
      this.#waiting = undefined;
      if (request === undefined) {
        if (this.#inputEnded) this.#leave();
        return;
      }
      if (request.type === commandType.disconnect) this.#leave();
      else if (this.#fits(request)) this.#begin(request);
      else {
        this.#waiting = request;
        return;
      }
    }
  }

  #fits(request: NbdRequest): boolean {
    const { inFlightRequestsMax, inFlightBytesMax } = this.#context.limits;
    const bytes = this.#pendingBytes + this.#batch.unwrittenBytes;
    if (bytes === 0 && this.#pendingRequests === 0) return true;
    return (
      this.#pendingRequests < inFlightRequestsMax && bytes + heldBytes(request) <= inFlightBytesMax
    );
  }

  #leave(): void {
    this.#phase = 'leaving';
    this.#peer.leaving();
  }

  /** What was requested before the goodbye is answered first. */
  #endWhenDone(): void {
    if (this.#phase !== 'leaving') return;
    if (this.#pendingRequests > 0 || this.#batch.unwrittenBytes > 0) return;
    this.#phase = 'over';
    this.#peer.end();
  }

  #flush(): void {
    this.#batch.flush(this.#onWritten);
  }

  readonly #onWritten = (): void => this.#run();

  /** Reads from the client exactly when its next request may begin. */
  #steer(): void {
    const full = this.#waiting !== undefined;
    if (this.#phase !== 'open' || full === this.#paused) return;
    this.#paused = full;
    if (full) this.#peer.pause();
    else this.#peer.resume();
  }

  #begin(request: NbdRequest): void {
    try {
      const reply = performCommand(this.#context, request);
      if (reply instanceof Promise) this.#defer(request, reply);
      else reply(this.#writer);
    } catch (error) {
      this.#refuseAsBroken(request, error);
    }
  }

  #defer(request: NbdRequest, reply: Promise<CommandReply>): void {
    this.#pendingRequests += 1;
    this.#pendingBytes += heldBytes(request);
    reply
      .then((write) => write(this.#writer))
      .catch((error: unknown) => this.#refuseAsBroken(request, error))
      .finally(() => {
        this.#pendingRequests -= 1;
        this.#pendingBytes -= heldBytes(request);
        this.#settled();
      });
  }

  #settled(): void {
    if (this.#pendingRequests === 0) this.#onIdle?.();
    if (this.#runPlanned || this.#phase === 'over') return;
    // Reads that end in the same turn leave in the same write.
    this.#runPlanned = true;
    setImmediate(() => {
      this.#runPlanned = false;
      this.#run();
    });
  }

  #refuseAsBroken(request: NbdRequest, error: unknown): void {
    this.#peer.onDeviceError(request, error);
    const message = error instanceof Error ? error.message : String(error);
    this.#writer.refuse(request, errorCode.EIO, message);
  }
}

/** The size of a reply without data, roughly. */
const replyBytes = 64;

function heldBytes(request: NbdRequest): number {
  const data = request.type === commandType.read || request.type === commandType.cache;
  return replyBytes + (data ? request.lengthBytes : 0);
}
