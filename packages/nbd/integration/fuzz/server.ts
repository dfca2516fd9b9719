/*
 * The server under fuzz, in a process of its own, so that its memory and its sockets can be counted. Usage:
 * SOCKET, with an IPC channel; each message from the parent is answered by a ServerStatus.
 */
import { readdir } from 'node:fs/promises';
import type { Logger } from '@bakehouse/base';
import { type BlockDevice, serveNbd } from '../../src/index.ts';
import { openFuzzDevice } from './devices.ts';

export interface ServerStatus {
  readonly connections: number;
  readonly openDevices: number;
  readonly openFiles: number;
  /** What is in use after a garbage collection; freed buffers may count for a moment longer. */
  readonly liveBytes: number;
  /** What the process has of the host's memory, the allocator's free lists included. */
  readonly residentBytes: number;
  /** Log lines that say that the server itself is at fault. */
  readonly faults: readonly string[];
}

const [socketPath = ''] = process.argv.slice(2);
const faults: string[] = [];
let openDevices = 0;

function counted(device: BlockDevice): BlockDevice {
  openDevices += 1;
  let isClosed = false;
  return {
    ...device,
    close() {
      if (isClosed) faults.push('a device was closed twice');
      isClosed = true;
      openDevices -= 1;
    },
  };
}

/** These are the fuzz's own doing; any other error is the server's. */
const expectedErrors = new Set(['NBD device failed', 'cannot open NBD export']);

const logger: Logger = {
  log(level, message, details) {
    if (level === 'error' && !expectedErrors.has(message)) {
      faults.push(`${message} ${JSON.stringify(details)}`);
    }
  },
  with: () => logger,
};

const server = await serveNbd({
  socketPath,
  limits: { handshakeMs: 2000, goodbyeMs: 2000 },
  async openExport(name) {
    const device = await openFuzzDevice(name);
    return device && counted(device);
  },
  logger,
});

process.on('message', async () => {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const status: ServerStatus = {
    connections: server.connectionCount,
    openDevices,
    openFiles: (await readdir('/proc/self/fd')).length,
    liveBytes: heapUsed + arrayBuffers,
    residentBytes: rss,
    faults,
  };
  process.send?.(status);
});
process.once('disconnect', () => process.exit());
process.send?.('ready');
