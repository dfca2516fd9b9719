import type { Socket } from 'node:net';
import type { Logger } from '@bakehouse/base';
import { ByteChannel, hungUp } from '../channel/byte-channel.ts';
import type { NbdRequest } from '../codec/request.ts';
import { NbdConnectionError, NbdProtocolError } from '../errors.ts';
import { ExportSlot, type OpenExport } from './export-slot.ts';
import type { NbdServerLimits } from './limits.ts';
import { negotiateServer, type ServerSession } from './negotiate.ts';
import { Transmission, type TransmissionPeer } from './transmission.ts';

export interface ConnectionOptions {
  readonly openExport: OpenExport;
  readonly listExports: () => Promise<readonly string[]>;
  readonly limits: NbdServerLimits;
  readonly logger: Logger;
}

/** Serves one client until it leaves. Never rejects; whatever the client did, its device is closed. */
export async function serveConnection(socket: Socket, options: ConnectionOptions): Promise<void> {
  const { logger } = options;
  const slot = new ExportSlot(options.openExport);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', (error) => logger.log('debug', 'NBD connection failed', { error }));
  try {
    const channel = channelOf(socket, options.limits);
    const session = await negotiateInTime(socket, channel, slot, options);
    if (session === undefined) socket.end(() => socket.destroy());
    else await transmit(socket, channel, session, options);
  } catch (error) {
    logger.log(error instanceof NbdProtocolError ? 'warn' : 'debug', 'NBD client dropped', {
      error,
    });
    socket.destroy();
  }
  // A client that neither reads nor closes must not keep a finished connection.
  const timer = setTimeout(() => socket.destroy(), options.limits.handshakeMs);
  await closed;
  clearTimeout(timer);
  await closeSlot(slot, logger);
}

async function closeSlot(slot: ExportSlot, logger: Logger): Promise<void> {
  try {
    await slot.close();
  } catch (error) {
    logger.log('error', 'NBD export does not close', { error });
  }
}

/** The socket as a channel for as long as the handshake lasts. */
function channelOf(socket: Socket, limits: NbdServerLimits): ByteChannel {
  const channel = new ByteChannel((bytes) => socket.write(bytes), 4 * limits.optionBytesMax);
  socket.on('data', (bytes: Buffer) => channel.feed(bytes));
  socket.once('end', () => channel.fail(hungUp('the handshake')));
  socket.once('close', () => channel.fail(hungUp('the handshake')));
  return channel;
}

async function negotiateInTime(
  socket: Socket,
  channel: ByteChannel,
  slot: ExportSlot,
  options: ConnectionOptions,
): Promise<ServerSession | undefined> {
  const { limits, logger, listExports } = options;
  const timer = setTimeout(() => {
    channel.fail(new NbdConnectionError(`no handshake within ${limits.handshakeMs} ms`));
    socket.destroy();
  }, limits.handshakeMs);
  try {
    const negotiation = negotiateServer({ channel, slot, limits, logger, listExports });
    // A client that leaves is not kept until its export has opened.
    return await Promise.race([negotiation, channel.failed]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the client has left and the device rests. */
async function transmit(
  socket: Socket,
  channel: ByteChannel,
  session: ServerSession,
  options: ConnectionOptions,
): Promise<void> {
  const { logger } = options;
  const transmission = new Transmission(session, peerOf(socket, logger), options.limits);
  const closed = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  socket.removeAllListeners('data');
  socket.on('data', (bytes: Buffer) => transmission.push(bytes));
  const rest = channel.takeRest();
  if (rest.length > 0) transmission.push(rest);
  await closed;
  await transmission.stop();
}

function peerOf(socket: Socket, logger: Logger): TransmissionPeer {
  return {
    write: (buffers, written) => writeAll(socket, buffers, written),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.end(() => socket.destroy()),
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

/** One `writev` for all. `written` is called for a socket that broke as well. */
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
