import { commandType } from '../codec/constants.ts';
import { encodeRequest, requestBytes } from '../codec/request.ts';
import { NbdConnectionError } from '../errors.ts';
import type { NbdSocket } from './nbd-socket.ts';
import type { ClientSession } from './negotiate.ts';
import {
  type PendingCommand,
  PendingRead,
  PendingStatus,
  type ReadRequest,
  type StatusAnswer,
  type StatusRequest,
} from './pending-command.ts';
import { ReplyParser } from './reply-parser.ts';
import { RequestGate } from './request-gate.ts';

export interface CommandLimits {
  /** A request whose reply is not complete after so long ends the connection. */
  readonly timeoutMs: number;
  readonly inFlightRequestsMax: number;
  readonly inFlightBytesMax: number;
}

/** The connection as the commands see it. */
export type CommandTransport = Pick<NbdSocket, 'listen' | 'write' | 'destroy' | 'end'>;

interface Sent {
  readonly command: PendingCommand;
  readonly sentAtMs: number;
}

/** The client's side of the transmission phase: many commands in flight at a time. */
export class CommandChannel {
  readonly #socket: CommandTransport;
  readonly #limits: CommandLimits;
  readonly #gate: RequestGate;
  readonly #parser: ReplyParser;
  readonly #contextIds: ReadonlySet<number>;
  /** In the order in which they were sent. */
  readonly #sent = new Map<bigint, Sent>();
  #lastCookie = 0n;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  constructor(socket: CommandTransport, session: ClientSession, limits: CommandLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#gate = new RequestGate({
      countMax: limits.inFlightRequestsMax,
      bytesMax: limits.inFlightBytesMax,
    });
    this.#contextIds = new Set(session.contexts.keys());
    this.#parser = new ReplyParser(
      {
        find: (cookie) => this.#sent.get(cookie)?.command,
        remove: (cookie) => this.#sent.delete(cookie),
      },
      session.structuredReplies,
    );
    socket.listen({
      onBytes: (bytes) => this.#parser.push(bytes),
      onClosed: (error) => this.#fail(error),
    });
  }

  /** Bytes that came with the end of the handshake. */
  push(bytes: Buffer): void {
    this.#parser.push(bytes);
  }

  read(request: ReadRequest): Promise<void> {
    return this.#run<void>(request.target.length, (settle) => new PendingRead(request, settle));
  }

  /** The extents of each selected context. */
  blockStatus(request: StatusRequest): Promise<StatusAnswer> {
    return this.#run<StatusAnswer>(
      requestBytes,
      (settle) => new PendingStatus(request, this.#contextIds, settle),
    );
  }

  /** Disconnects; commands that still wait reject. */
  close(): void {
    const closed = new NbdConnectionError('the NBD connection was closed');
    this.#socket.end(this.#encode(commandType.disconnect, { offset: 0, lengthBytes: 0 }), closed);
    this.#fail(closed);
  }

  async #run<Answer>(
    bytes: number,
    command: (settle: {
      resolve: (answer: Answer) => void;
      reject: (error: Error) => void;
    }) => PendingCommand,
  ): Promise<Answer> {
    await this.#gate.enter(bytes);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        if (this.#failure === undefined) this.#send(command({ resolve, reject }));
        else reject(this.#failure);
      });
    } finally {
      this.#gate.leave(bytes);
    }
  }

  #send(command: PendingCommand): void {
    const request = this.#encode(command.type, command);
    this.#sent.set(this.#lastCookie, { command, sentAtMs: performance.now() });
    this.#socket.write(request);
    this.#timer ??= setTimeout(() => this.#checkTime(), this.#limits.timeoutMs);
  }

  #encode(type: number, range: StatusRequest): Buffer {
    this.#lastCookie += 1n;
    const request = Buffer.allocUnsafe(requestBytes);
    const { offset, lengthBytes } = range;
    encodeRequest({ flags: 0, type, cookie: this.#lastCookie, offset, lengthBytes }, request);
    return request;
  }

  /** Looks at the oldest request only; without one the timer stops. */
  #checkTime(): void {
    this.#timer = undefined;
    const [oldest] = this.#sent.values();
    if (oldest === undefined) return;
    const leftMs = oldest.sentAtMs + this.#limits.timeoutMs - performance.now();
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#checkTime(), leftMs);
      return;
    }
    const { offset, lengthBytes } = oldest.command;
    this.#socket.destroy(
      new NbdConnectionError(
        `no reply for ${offset}+${lengthBytes} within ${this.#limits.timeoutMs} ms`,
      ),
    );
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    clearTimeout(this.#timer);
    this.#gate.fail(this.#failure);
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    for (const { command } of sent) command.reject(this.#failure);
  }
}
