import { randomUUID } from 'node:crypto';
import { connectUnixSocket } from './connect-unix-socket.ts';
import type { JsonObject } from './json-object.ts';
import { QmpClosedError } from './qmp-errors.ts';
import type { QmpEvent } from './qmp-message.ts';
import { QmpSession } from './qmp-session.ts';
import { socketFault } from './socket-fault.ts';

export interface QmpClient {
  /** QEMU's version, as `7.2.22`. */
  readonly version: string;
  /**
   * Runs a command and resolves to its return value. Commands may be sent without waiting for earlier ones; QEMU
   * runs them in order. Rejects with QmpError (refused), QmpTimeoutError or QmpClosedError (outcome unknown).
   */
  execute(command: string, args?: JsonObject, options?: { timeoutMs?: number }): Promise<unknown>;
  /** Events from now on; the first listener also gets those since the connection. Returns how to stop. */
  onEvent(listener: (event: QmpEvent) => void): () => void;
  /** Closes the connection; QEMU keeps running. Commands in flight reject with QmpClosedError. */
  close(): Promise<void>;
  /** Resolves, never rejects, at the end: to the fault, or to undefined after `close` or QEMU's own end. */
  readonly closed: Promise<Error | undefined>;
}

export interface ConnectQmpOptions {
  /** May be longer than the 107 bytes of a socket address. */
  readonly socketPath: string;
  /** Aborts connecting; it has no effect on an open connection. */
  readonly signal?: AbortSignal;
  /** For connecting, and for each command without a limit of its own. */
  readonly timeoutMs: number;
  /** Longer lines from QEMU end the connection. 8 MiB when absent (a whole schema has 0.2 MiB). */
  readonly lineBytesMax?: number;
}

/**
 * Connects to a QMP monitor and negotiates capabilities. QEMU serves one client per monitor: while another is
 * connected no greeting arrives, and this rejects at the time limit. Rejects with QmpClosedError (no socket, nobody
 * listens, not QMP, too late) or with the signal's reason.
 */
export async function connectQmp(options: ConnectQmpOptions): Promise<QmpClient> {
  const { socketPath, timeoutMs, lineBytesMax = 8 * 1024 * 1024 } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const tooLate = () =>
    options.signal?.aborted
      ? options.signal.reason
      : new QmpClosedError(`no QMP greeting from ${socketPath} within ${timeoutMs} ms`);
  if (signal.aborted) throw tooLate();

  const socket = await connectUnixSocket(socketPath, signal).catch((cause) => {
    if (signal.aborted) throw tooLate();
    throw new QmpClosedError(`cannot connect to QEMU at ${socketPath}`, { cause });
  });
  const session = new QmpSession(
    { write: (line) => socket.write(line), destroy: () => socket.destroy() },
    { name: randomUUID(), lineBytesMax },
  );
  socket.on('data', (bytes: Buffer) => session.receive(bytes));
  socket.on('error', (error) => session.end(socketFault(error)));
  socket.on('close', () => session.end(undefined));

  const abandon = () => session.end(tooLate());
  signal.addEventListener('abort', abandon, { once: true });
  try {
    const version = await session.greeting;
    await session.execute('qmp_capabilities', undefined, timeoutMs);
    return clientOf(session, version, timeoutMs);
  } catch (error) {
    session.end(undefined);
    throw signal.aborted ? tooLate() : error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

function clientOf(session: QmpSession, version: string, timeoutMsDefault: number): QmpClient {
  return {
    version,
    closed: session.closed,
    execute: (command, args, options) =>
      session.execute(command, args, options?.timeoutMs ?? timeoutMsDefault),
    onEvent: (listener) => session.onEvent(listener),
    async close() {
      session.end(undefined);
      await session.closed;
    },
  };
}
