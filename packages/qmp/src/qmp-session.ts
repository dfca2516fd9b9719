import type { JsonObject } from './json-object.ts';
import { LineSplitter } from './line-splitter.ts';
import { QmpClosedError, QmpError, QmpProtocolError, QmpTimeoutError } from './qmp-errors.ts';
import { parseQmpMessage, type QmpEvent, type QmpMessage } from './qmp-message.ts';

interface PendingCommand {
  readonly command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Events that are kept for the first listener. */
const backlogMax = 256;

export interface QmpSessionOptions {
  readonly name: string;
  readonly lineBytesMax: number;
}

export interface QmpTransport {
  write(line: string): void;
  /** Closes the connection. */
  destroy(): void;
}

/** The QMP protocol without the socket: what is sent, and what each received line means. */
export class QmpSession {
  readonly #transport: QmpTransport;
  readonly #lines: LineSplitter;
  /** By command id. A command that timed out stays, so that its late response is recognized. */
  readonly #pending = new Map<string, PendingCommand>();
  /** Starts all command ids of this session. */
  readonly #idPrefix: string;
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  readonly #greeting = Promise.withResolvers<string>();
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #backlog: QmpEvent[] = [];
  #nextId = 1;
  #end: { reason: Error | undefined } | undefined;

  /** `name` has to differ from that of every other session with the same QEMU. */
  constructor(transport: QmpTransport, { name, lineBytesMax }: QmpSessionOptions) {
    this.#transport = transport;
    this.#idPrefix = `${name}:`;
    this.#lines = new LineSplitter(lineBytesMax);
    this.#greeting.promise.catch(() => {});
  }

  /** Resolves to QEMU's version when its greeting has arrived. */
  get greeting(): Promise<string> {
    return this.#greeting.promise;
  }

  /** Resolves, never rejects, when the session has ended: to the fault, or to undefined after an orderly end. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  execute(command: string, args: JsonObject | undefined, timeoutMs: number): Promise<unknown> {
    if (this.#end) return Promise.reject(closedError(command, this.#end.reason));
    const id = `${this.#idPrefix}${this.#nextId++}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new QmpTimeoutError(`QEMU did not respond to ${command} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, {
        command,
        resolve(value) {
          clearTimeout(timer);
          resolve(value);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
      const message = { execute: command, ...(args && { arguments: args }), id };
      this.#transport.write(`${JSON.stringify(message)}\n`);
    });
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    for (const event of this.#backlog.splice(0)) listener(event);
    return () => this.#listeners.delete(listener);
  }

  /** Takes received bytes, split anywhere. Anything that is not QMP ends the session. */
  receive(bytes: Uint8Array): void {
    if (this.#end) return;
    try {
      for (const line of this.#lines.push(bytes)) this.#accept(parseQmpMessage(line));
    } catch (error) {
      if (!(error instanceof QmpProtocolError)) throw error;
      this.end(error);
    }
  }

  end(reason: Error | undefined): void {
    if (this.#end) return;
    this.#end = { reason };
    this.#transport.destroy();
    this.#greeting.reject(closedError('connect', reason));
    for (const pending of this.#pending.values()) {
      pending.reject(closedError(pending.command, reason));
    }
    this.#pending.clear();
    this.#closed.resolve(reason);
  }

  #accept(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#greeting.resolve(message.version);
        return;
      case 'event':
        this.#emit(message);
        return;
      case 'return':
        this.#takePending(message.id)?.resolve(message.value);
        return;
      case 'error': {
        const pending = this.#takePending(message.id);
        const { class: kind, desc } = message;
        pending?.reject(new QmpError({ command: pending.command, class: kind, desc }));
      }
    }
  }

  /**
   * Undefined for a response to an earlier client of this monitor: QEMU finishes the commands of one that is gone,
   * and sends the responses to whoever is connected by then.
   */
  #takePending(id: unknown): PendingCommand | undefined {
    if (typeof id === 'string' && !id.startsWith(this.#idPrefix)) return undefined;
    const pending = typeof id === 'string' ? this.#pending.get(id) : undefined;
    if (!pending || typeof id !== 'string') {
      throw new QmpProtocolError(`QEMU responds to ${JSON.stringify(id)}, which was not sent`);
    }
    this.#pending.delete(id);
    return pending;
  }

  #emit({ event, data, timestampMs }: QmpEvent): void {
    const emitted = { event, data, timestampMs };
    if (this.#listeners.size === 0) {
      if (this.#backlog.length < backlogMax) this.#backlog.push(emitted);
      return;
    }
    for (const listener of [...this.#listeners]) listener(emitted);
  }
}

function closedError(command: string, cause: Error | undefined): QmpClosedError {
  const why = cause ? `: ${cause.message}` : '';
  return new QmpClosedError(
    `the connection to QEMU ended before the response to ${command}${why}`,
    {
      cause,
    },
  );
}
