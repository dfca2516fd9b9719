import type { JsonObject } from './json-object.ts';
import { LineSplitter } from './line-splitter.ts';
import { QmpClosedError, QmpError, QmpProtocolError, QmpTimeoutError } from './qmp-errors.ts';
import { parseQmpMessage, type QmpEvent, type QmpMessage } from './qmp-message.ts';

interface PendingCommand {
  readonly command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Events kept for the first listener. */
const backlogMax = 256;

export interface QmpTransport {
  write(line: string): void;
  /** Gives the connection up. */
  destroy(): void;
}

/** The QMP conversation, apart from the socket: what goes out and what each line that comes in means. */
export class QmpSession {
  readonly #transport: QmpTransport;
  readonly #lines: LineSplitter;
  /** By command id. A command that timed out stays, so that its late answer is known for what it is. */
  readonly #pending = new Map<number, PendingCommand>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  readonly #greeting = Promise.withResolvers<string>();
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #backlog: QmpEvent[] = [];
  #nextId = 1;
  #end: { reason: Error | undefined } | undefined;

  constructor(transport: QmpTransport, lineBytesMax: number) {
    this.#transport = transport;
    this.#lines = new LineSplitter(lineBytesMax);
    this.#greeting.promise.catch(() => {});
  }

  /** QEMU's version, when its greeting has come. */
  get greeting(): Promise<string> {
    return this.#greeting.promise;
  }

  /** Resolves, never rejects, when the session has ended: with the fault, or undefined after an orderly end. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  execute(command: string, args: JsonObject | undefined, timeoutMs: number): Promise<unknown> {
    if (this.#end) return Promise.reject(closedError(command, this.#end.reason));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new QmpTimeoutError(`QEMU did not answer ${command} within ${timeoutMs} ms`));
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

  /** Takes what came, split anywhere. What is not QMP ends the session. */
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
        this.#takePending(message.id).resolve(message.value);
        return;
      case 'error': {
        const pending = this.#takePending(message.id);
        const { class: kind, desc } = message;
        pending.reject(new QmpError({ command: pending.command, class: kind, desc }));
      }
    }
  }

  #takePending(id: unknown): PendingCommand {
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (!pending || typeof id !== 'number') {
      throw new QmpProtocolError(`QEMU answers ${JSON.stringify(id)}, which was not asked`);
    }
    this.#pending.delete(id);
    return pending;
  }

  #emit({ event, data, timestampMs }: QmpEvent): void {
    const told = { event, data, timestampMs };
    if (this.#listeners.size === 0) {
      if (this.#backlog.length < backlogMax) this.#backlog.push(told);
      return;
    }
    for (const listener of [...this.#listeners]) listener(told);
  }
}

function closedError(command: string, cause: Error | undefined): QmpClosedError {
  const why = cause ? `: ${cause.message}` : '';
  return new QmpClosedError(`the connection to QEMU ended before ${command} was answered${why}`, {
    cause,
  });
}
