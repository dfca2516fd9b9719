import type { Socket } from 'node:net';
import type { Logger } from '@bakehouse/base';
import { ByteChannel, hungUp } from '../channel/byte-channel.ts';
import type { NbdRequest } from '../codec/request.ts';
import { NbdConnectionError, NbdProtocolError } from '../errors.ts';
import { ExportSlot, type OpenExport } from './export-slot.ts';
import type { ServerSession } from './handshake-state.ts';
import type { NbdServerLimits } from './limits.ts';
import { negotiateServer } from './negotiate.ts';
import { Transmission, type TransmissionPeer } from './transmission.ts';

export interface ConnectionOptions {
  readonly openExport: OpenExport;
  readonly limits: NbdServerLimits;
  readonly logger: Logger;
}

/**
 * Serves one client until it leaves. The socket has to allow half-open connections: a client that closes its
 * sending side still gets its replies. Never rejects; whatever the client did, its device is closed.
 */
export async function serveConnection(socket: Socket, options: ConnectionOptions): Promise<void> {
  const { limits, logger } = options;
  const slot = new ExportSlot(options.openExport);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', (error) => logger.log('debug', 'NBD connection failed', { error }));
  try {
    const channel = handshakeChannel(socket, limits);
    const session = await negotiateInTime(socket, { channel, slot, limits, logger });
    if (session === undefined) {
      dropWhenStuck(socket, limits.goodbyeMs);
      endSocket(socket);
    } else await transmit(socket, channel, session, options);
  } catch (error) {
    const level = error instanceof NbdProtocolError ? 'warn' : 'debug';
    logger.log(level, 'NBD client dropped', { error });
    socket.destroy();
  }
  await closed;
  await closeSlot(slot, logger);
}

async function closeSlot(slot: ExportSlot, logger: Logger): Promise<void> {
  try {
    await slot.close();
  } catch (error) {
    logger.log('error', 'cannot close NBD export', { error });
  }
}

/** Closes our side when all is written, then the connection, whatever the client does. */
function endSocket(socket: Socket): void {
  socket.end(() => socket.destroy());
}

/** Ends a connection on which nothing moves for so long, unless it is still `busy` on our side. */
function dropWhenStuck(socket: Socket, ms: number, busy: () => boolean = () => false): void {
  socket.setTimeout(ms, () => {
    if (busy()) socket.setTimeout(ms);
    else socket.destroy();
  });
}

/** The socket as a channel for the length of the handshake. */
function handshakeChannel(socket: Socket, limits: NbdServerLimits): ByteChannel {
  const peer = {
    send: (bytes: Buffer) => socket.write(bytes),
    async drained() {
      if (socket.writableNeedDrain) await new Promise((resolve) => socket.once('drain', resolve));
    },
    flow: socket,
  };
  const channel = new ByteChannel(peer, 4 * limits.optionBytesMax);
  socket.on('data', (bytes: Buffer) => channel.feed(bytes));
  socket.once('end', () => channel.end(hungUp('the handshake')));
  socket.once('close', () => channel.fail(hungUp('the handshake')));
  return channel;
}

async function negotiateInTime(
  socket: Socket,
  negotiation: Parameters<typeof negotiateServer>[0],
): Promise<ServerSession | undefined> {
  const { channel, limits } = negotiation;
  const timer = setTimeout(() => {
    channel.fail(new NbdConnectionError(`no handshake within ${limits.handshakeMs} ms`));
    socket.destroy();
  }, limits.handshakeMs);
  try {
    // A lost connection is not kept until its export has opened.
    return await Promise.race([negotiateServer(negotiation), channel.failed]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the connection is closed and the device is no longer in use. */
async function transmit(
  socket: Socket,
  channel: ByteChannel,
  session: ServerSession,
  { limits, logger }: ConnectionOptions,
): Promise<void> {
  const transmission: Transmission = new Transmission(
    session,
    {
      ...socketPeer(socket, logger),
      leaving() {
        socket.pause();
        dropWhenStuck(socket, limits.goodbyeMs, () => transmission.pendingRequests > 0);
      },
    },
    limits,
  );
  const closed = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  socket.removeAllListeners('data');
  socket.on('data', (bytes: Buffer) => transmission.push(bytes));
  const rest = channel.takeRest();
  if (rest.length > 0) transmission.push(rest);
  if (socket.readableEnded) transmission.endInput();
  else socket.once('end', () => transmission.endInput());
  await closed;
  await transmission.stop();
}

function socketPeer(socket: Socket, logger: Logger): Omit<TransmissionPeer, 'leaving'> {
  return {
    write: (buffers, written) => writeAll(socket, buffers, written),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => endSocket(socket),
    fail(error) {
      logger.log('warn', 'NBD client dropped', { error });
      socket.destroy();
    },
    onDeviceError: (request: NbdRequest, error: unknown) =>
      logger.log('error', 'NBD device failed', {
        offset: request.offset,
        lengthBytes: request.lengthBytes,
        error,
      }),
  };
}

/** One `writev` for all. `written` is called for a broken socket as well. */
function writeAll(socket: Socket, buffers: readonly Uint8Array[], written: () => void): void {
  const last = buffers.length - 1;
  if (last === 0) {
    socket.write(buffers[0] ?? '', written);
    return;
  }
  socket.cork();
  buffers.forEach((buffer, index) => {
    if (index === last) socket.write(buffer, written);
    else socket.write(buffer);
  });
  socket.uncork();
}
