import { MiB, secondMs } from '@bakehouse/base';
import { ByteChannel } from '../channel/byte-channel.ts';
import { NbdConnectionError } from '../errors.ts';
import { CommandChannel } from './command-channel.ts';
import { type NbdClient, nbdClient } from './nbd-client.ts';
import { NbdSocket } from './nbd-socket.ts';
import { negotiateClient } from './negotiate.ts';

export interface NbdClientOptions {
  readonly socketPath: string;
  readonly exportName: string;
  /** Metadata contexts to request, such as `base:allocation`; `NbdClient.contexts` has those that were granted. */
  readonly metaContexts?: readonly string[];
  /** Ends the connection, whatever it is doing; requests in flight reject with the signal's reason. */
  readonly signal?: AbortSignal;
  /** For the handshake, and for each request. 30 s when absent. */
  readonly timeoutMs?: number;
}

const inFlightRequestsMax = 64;
const inFlightBytesMax = 32 * MiB;
/** More than any server sends unasked in a handshake. */
const handshakeBytesMax = 64 * 1024;

/**
 * Connects to an export by fixed newstyle NBD. Rejects with NbdConnectionError, NbdProtocolError,
 * NbdServerError (no such export), or the signal's reason.
 */
export async function connectNbd(options: NbdClientOptions): Promise<NbdClient> {
  const { socketPath, exportName, signal, timeoutMs = 30 * secondMs } = options;
  signal?.throwIfAborted();
  const channel: ByteChannel = new ByteChannel(
    { send: (bytes) => socket.write(bytes) },
    handshakeBytesMax,
  );
  const socket = new NbdSocket(socketPath, {
    onBytes: (bytes) => channel.feed(Buffer.from(bytes)),
    onClosed: (error) => channel.fail(error),
  });
  endOnAbort(socket, signal);
  const timer = setTimeout(() => {
    socket.destroy(
      new NbdConnectionError(`no NBD handshake at ${socketPath} within ${timeoutMs} ms`),
    );
  }, timeoutMs);
  try {
    const request = { exportName, metaContexts: options.metaContexts ?? [] };
    const session = await negotiateClient(channel, request);
    const limits = { timeoutMs, inFlightRequestsMax, inFlightBytesMax };
    const commands = new CommandChannel(socket, session, limits);
    commands.push(channel.takeRest());
    return nbdClient(commands, session);
  } catch (error) {
    socket.destroy(asError(error));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function endOnAbort(socket: NbdSocket, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const abort = () => socket.destroy(asError(signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  socket.onceClosed(() => signal.removeEventListener('abort', abort));
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new NbdConnectionError(String(reason));
}
