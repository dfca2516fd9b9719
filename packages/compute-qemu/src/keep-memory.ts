import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chown, open, rename, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Clock, MiB } from '@bakehouse/base';
import { type GuestRoomMeter, MemoryNotKeptError } from '@bakehouse/domain';
import { syncPath } from '@bakehouse/host';
import { isJsonObject, type QmpClient } from '@bakehouse/qmp';
import { readMachineBoot } from './boot-watch.ts';
import { machineFileNames } from './machine-files.ts';
import { isMonitorFailure } from './monitor.ts';

/** What a guest writes to its serial port when it has come as far as it can without a network card. */
const waitingLine = 'bakehouse: waiting for a network card';
/** And when copies of it would share what they must not. */
const refusal = /bakehouse: no template: ([ -~]{1,200})[ -~]*[\r\n]/;
const pollMs = 200;
const progressPollMs = 20;
/** As fast as it goes: the guest is stopped. */
const bandwidth = 2 ** 40;
/** Between two looks at the room on the disk. */
const roomCheckBytes = 16 * MiB;

interface CardWait {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Whether the machine still exists. */
  readonly runs: () => Promise<boolean>;
}

/** Resolves when the guest waits for a card. Rejects with MemoryNotKeptError. */
export async function waitsForCard(
  folder: string,
  { clock, limitMs, signal, runs }: CardWait,
): Promise<void> {
  const deadline = clock.elapsed() + limitMs;
  while (!(await hasWritten(folder))) {
    if (!(await runs())) throw new MemoryNotKeptError('its guest ended while it booted');
    if (clock.elapsed() >= deadline) {
      throw new MemoryNotKeptError(
        `its guest did not wait for a network card within ${Math.round(limitMs / 1000)} s, as Bakehouse Linux baked by this release does`,
      );
    }
    await clock.sleep(pollMs, signal);
  }
}

async function hasWritten(folder: string): Promise<boolean> {
  const boot = await readMachineBoot(folder);
  const text = Buffer.from(boot?.console ?? []).toString('latin1');
  const [, reason] = refusal.exec(text) ?? [];
  if (reason !== undefined) throw new MemoryNotKeptError(reason);
  return text.includes(waitingLine);
}

interface SaveOptions {
  readonly folder: string;
  /** Stops the guest for good: nobody lets it go on. */
  readonly halt: () => Promise<void>;
  /** QEMU's. */
  readonly user: number;
  readonly clock: Clock;
  /** When it is given up, as `clock.elapsed` has it. */
  readonly deadline: number;
  /** A machine that writes more than its memory and devices can take is not believed. */
  readonly bytesMax: number;
  readonly room: GuestRoomMeter;
  /** So much stays free of the folder's file system, beside what is reserved. */
  readonly freeBytesMin: number;
  readonly signal: AbortSignal;
}

/**
 * Stops the guest, and writes its memory and devices into `memory.state`, which is whole and on disk when this resolves.
 * QEMU sends it through a socket, as it can make no file. Rejects with MemoryNotKeptError, also when the machine ends, and
 * leaves no file then.
 */
export async function saveMemory(client: QmpClient, options: SaveOptions): Promise<void> {
  const { folder, user, halt } = options;
  const path = join(folder, machineFileNames.memory);
  const part = `${path}.part`;
  const server = createServer();
  server.maxConnections = 1;
  try {
    await listenIn(folder, server, user);
    await halt();
    await client.execute('migrate-set-parameters', { 'max-bandwidth': bandwidth });
    await inTime(options, (within) => [receive(server, part, within), send(client, within)]);
    await syncPath(part);
    await rename(part, path);
    await syncPath(folder);
  } catch (error) {
    if (!isMonitorFailure(error)) throw error;
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
  options: SaveOptions,
  begin: (within: SaveOptions) => readonly Promise<void>[],
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

async function receive(server: Server, part: string, options: SaveOptions): Promise<void> {
  const { signal } = options;
  const [socket]: Socket[] = await once(server, 'connection', { signal });
  if (!socket) throw new Error('a connection came without a socket');
  const file = createWriteStream(part, { mode: 0o600 });
  await pipeline(socket, (bytes) => bounded(bytes, options), file, { signal });
}

/** The same bytes, while they are not too many and there is room for them. */
async function* bounded(
  bytes: AsyncIterable<Uint8Array>,
  { folder, bytesMax, room, freeBytesMin }: SaveOptions,
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

/** By its open folder, as the path may be longer than a socket address. */
async function listenIn(folder: string, server: Server, user: number): Promise<void> {
  const socket = join(folder, machineFileNames.memorySocket);
  await rm(socket, { force: true });
  const opened = await open(folder, 'r');
  try {
    server.listen(`/proc/self/fd/${opened.fd}/${machineFileNames.memorySocket}`);
    await once(server, 'listening');
    await chown(socket, user, user);
  } finally {
    await opened.close();
  }
}

/** QEMU says whether what it sent was all that there is. */
async function send(client: QmpClient, { clock, signal }: SaveOptions): Promise<void> {
  await client.execute('migrate', { uri: `unix:${machineFileNames.memorySocket}` });
  for (;;) {
    const progress = await client.execute('query-migrate');
    const { status, 'error-desc': why } = isJsonObject(progress) ? progress : {};
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') {
      throw new MemoryNotKeptError(`QEMU could not write its memory: ${why ?? status}`);
    }
    await clock.sleep(progressPollMs, signal);
  }
}
