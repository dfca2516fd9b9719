import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { QmpClient } from '@bakehouse/qmp';
import { listenInFolder } from './listen-in-folder.ts';
import { machineFileNames } from './machine-files.ts';

/** Bytes for a place in the guest's memory, by its physical address. */
export interface GuestBytes {
  readonly address: number;
  readonly bytes: Uint8Array;
}

interface WriteOptions {
  readonly folder: string;
  /** QEMU's. */
  readonly user: number;
  readonly timeoutMs: number;
}

/** QEMU did not write the guest's memory. */
export class GuestMemoryError extends Error {
  override readonly name = 'GuestMemoryError';
}

/** Of what QEMU sends, more than its few short replies is not believed. */
const replyBytesMax = 4096;

/**
 * Writes into the memory of a guest that does not run. QEMU has no command for that but its debugger's protocol (GDB's
 * Remote Serial Protocol), for which it connects to a socket of ours. Rejects with GuestMemoryError, or as the monitor does.
 */
export async function writeGuestMemory(
  client: QmpClient,
  writes: readonly GuestBytes[],
  { folder, user, timeoutMs }: WriteOptions,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  const name = machineFileNames.debugSocket;
  const server = createServer();
  server.maxConnections = 1;
  try {
    await listenInFolder(server, { folder, user, name });
    const connected = once(server, 'connection', { signal });
    // Waited for below, where QEMU does as it is asked.
    connected.catch(() => {});
    await debuggerAt(client, `unix:${name}`);
    await conversation(connected, packetsFor(writes), signal).catch((error: unknown) => {
      throw new GuestMemoryError(error instanceof Error ? error.message : '', { cause: error });
    });
  } finally {
    server.close();
    await rm(join(folder, name), { force: true });
    await debuggerAt(client, 'none');
  }
}

const debuggerAt = (client: QmpClient, place: string): Promise<unknown> =>
  client.execute('human-monitor-command', { 'command-line': `gdbserver ${place}` });

/** Addresses are physical. The guest is not let go on, as it would be by a `D`. */
function packetsFor(writes: readonly GuestBytes[]): readonly string[] {
  const texts = writes.map(
    ({ address, bytes }) =>
      `M${address.toString(16)},${bytes.length.toString(16)}:${Buffer.from(bytes).toString('hex')}`,
  );
  return ['Qqemu.PhyMemMode:1', ...texts].map((text) => {
    const sum = [...Buffer.from(text)].reduce((all, byte) => (all + byte) % 256, 0);
    return `$${text}#${sum.toString(16).padStart(2, '0')}`;
  });
}

async function conversation(
  connected: Promise<Socket[]>,
  packets: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [socket] = await connected;
  if (!socket) throw new Error('a connection came without a socket');
  const end = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', end);
  try {
    await converse(socket, packets);
  } finally {
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
}

async function converse(socket: Socket, packets: readonly string[]): Promise<void> {
  let received = '';
  let sent = 0;
  const next = () => {
    const packet = packets[sent];
    sent += 1;
    if (packet !== undefined) socket.write(packet);
    return packet !== undefined;
  };
  next();
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += Buffer.from(chunk).toString('latin1');
    if (received.length > replyBytesMax) throw new Error('QEMU writes more than its replies');
    const [whole, reply] = /\$([^#]*)#[0-9a-f]{2}/.exec(received) ?? [];
    if (whole === undefined) continue;
    if (reply !== 'OK') throw new Error(`QEMU did not write the guest's memory: ${reply}`);
    received = '';
    socket.write('+');
    if (!next()) return;
  }
  throw new Error("QEMU ended the conversation about the guest's memory");
}
