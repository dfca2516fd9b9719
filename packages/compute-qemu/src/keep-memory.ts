import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chown, open, rename, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@bakehouse/base';
import { MemoryNotKeptError } from '@bakehouse/domain';
import { syncPath } from '@bakehouse/host';
import { isJsonObject, type QmpClient } from '@bakehouse/qmp';
import { readMachineBoot } from './boot-watch.ts';
import { machineFileNames } from './machine-files.ts';

/** What a guest writes to its serial port when it has come as far as it can without a network card. */
const waitingLine = 'bakehouse: waiting for a network card';
const pollMs = 200;
/** As fast as it goes: the guest is stopped. */
const bandwidth = 2 ** 40;

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
  return Buffer.from(boot?.console ?? []).includes(waitingLine);
}

interface SaveOptions {
  readonly folder: string;
  /** QEMU's. */
  readonly user: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Stops the guest, and writes its memory and devices into `memory.state`, which is whole and on disk when this resolves.
 * QEMU sends it through a socket, as it can make no file.
 */
export async function saveMemory(client: QmpClient, options: SaveOptions): Promise<void> {
  const { folder, user, clock, signal } = options;
  const path = join(folder, machineFileNames.memory);
  const part = `${path}.part`;
  const server = createServer();
  try {
    await listenIn(folder, server, user);
    await client.execute('stop');
    await client.execute('migrate-set-parameters', { 'max-bandwidth': bandwidth });
    const connected = once(server, 'connection', { signal });
    await client.execute('migrate', { uri: `unix:${machineFileNames.memorySocket}` });
    const [socket] = (await connected) as [Socket];
    await pipeline(socket, createWriteStream(part, { mode: 0o600 }), { signal });
    await completed(client, clock, signal);
    await syncPath(part);
    await rename(part, path);
    await syncPath(folder);
  } finally {
    server.close();
    for (const name of [part, join(folder, machineFileNames.memorySocket)]) {
      await rm(name, { force: true });
    }
  }
}

/** By its open folder, as the path may be longer than a socket address. */
async function listenIn(
  folder: string,
  server: ReturnType<typeof createServer>,
  user: number,
): Promise<void> {
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

/** All was sent; QEMU says whether it was all that there is. */
async function completed(client: QmpClient, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const progress = await client.execute('query-migrate');
    const { status, 'error-desc': why } = isJsonObject(progress) ? progress : {};
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') {
      throw new MemoryNotKeptError(`QEMU could not write its memory: ${why ?? status}`);
    }
    await clock.sleep(10, signal);
  }
}

/** QEMU's own name for its build. */
export async function qemuBuildOf(client: QmpClient): Promise<string> {
  return JSON.stringify(await client.execute('query-version'));
}
