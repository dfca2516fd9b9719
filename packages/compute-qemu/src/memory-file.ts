import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Clock, MiB } from '@bakehouse/base';
import { type GuestRoomMeter, MemoryNotKeptError } from '@bakehouse/domain';
import { isDiskFull, syncPath } from '@bakehouse/host';
import { listenInFolder } from './listen-in-folder.ts';
import { machineFileNames } from './machine-files.ts';
import { isMonitorFailure } from './monitor.ts';

/** Between two looks at the room on the disk. */
const roomCheckBytes = 16 * MiB;

export interface MemoryFileOptions {
  /** The machine's. */
  readonly folder: string;
  /** The file. */
  readonly path: string;
  /** QEMU's. */
  readonly user: number;
  readonly clock: Clock;
  /** When it is given up, as `clock.elapsed` has it. */
  readonly deadline: number;
  /** A machine that writes more is given up. */
  readonly bytesMax: number;
  readonly room: GuestRoomMeter;
  /** So much stays free of the folder's file system, beside what is reserved. */
  readonly freeBytesMin: number;
  readonly signal: AbortSignal;
}

/**
 * Writes what a machine sends into a file, which is whole and on disk when this resolves. `send` makes QEMU send it through
 * a socket, as it can make no file, and resolves when it has sent all. Rejects with MemoryNotKeptError, also when the
 * machine ends, and leaves no file then.
 */
export async function writeMemoryFile(
  options: MemoryFileOptions,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { folder, path, user } = options;
  const part = join(dirname(path), machineFileNames.memoryPart);
  const server = createServer();
  server.maxConnections = 1;
  try {
    await listenInFolder(server, { folder, user, name: machineFileNames.memorySocket });
    await inTime(options, (within) => [receive(server, part, within), send(within.signal)]);
    await syncPath(part);
    await rename(part, path);
    await syncPath(dirname(path));
  } catch (error) {
    if (!isMonitorFailure(error) && !isDiskFull(error)) throw error;
    throw new MemoryNotKeptError(`its memory could not be kept: ${error.message}`, {
      cause: error,
    });
  } finally {
    server.close();
    for (const name of [part, join(folder, machineFileNames.memorySocket)]) {
      await rm(name, { force: true });
    }
  }
}

/** Resolves when all parts have. When one fails or it is too late, the others are ended first. */
async function inTime(
  options: MemoryFileOptions,
  begin: (within: MemoryFileOptions) => readonly Promise<void>[],
): Promise<void> {
  const { clock, deadline } = options;
  const failing = new AbortController();
  const done = new AbortController();
  const tooLate = () => failing.abort(new MemoryNotKeptError('its memory was not written in time'));
  clock.sleep(Math.max(0, deadline - clock.elapsed()), done.signal).then(tooLate, () => {});
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const parts = begin({ ...options, signal });
  for (const part of parts) part.catch((error: unknown) => failing.abort(error));
  await Promise.allSettled(parts);
  done.abort();
  options.signal.throwIfAborted();
  failing.signal.throwIfAborted();
}

async function receive(server: Server, part: string, options: MemoryFileOptions): Promise<void> {
  const { signal } = options;
  const [socket]: Socket[] = await once(server, 'connection', { signal });
  if (!socket) throw new Error('a connection came without a socket');
  const file = createWriteStream(part, { mode: 0o600 });
  await pipeline(socket, (bytes) => bounded(bytes, options), file, { signal });
}

/** The same bytes, while they are not too many and there is room for them. */
async function* bounded(
  bytes: AsyncIterable<Uint8Array>,
  { folder, bytesMax, room, freeBytesMin }: MemoryFileOptions,
): AsyncIterable<Uint8Array> {
  const { dev } = await stat(folder);
  let received = 0;
  let checkAt = 0;
  for await (const chunk of bytes) {
    received += chunk.length;
    if (received > bytesMax) {
      throw new MemoryNotKeptError(`its memory takes more than ${Math.floor(bytesMax / MiB)} MiB`);
    }
    if (received >= checkAt) {
      const full = (await room.look())
        .filter(({ device }) => device === dev)
        .find(({ freeBytes, reservedBytes }) => freeBytes - reservedBytes < freeBytesMin);
      if (full) throw new MemoryNotKeptError(`the disk of ${full.path} is full`);
      checkAt = received + roomCheckBytes;
    }
    yield chunk;
  }
}
