import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { MiB, silentLogger } from '@bakehouse/base';
import { afterEach, beforeEach, expect } from 'vitest';
import { commandType, optionType } from '../src/codec/constants.ts';
import { encodeClientFlags } from '../src/codec/handshake.ts';
import { encodeOption } from '../src/codec/option.ts';
import { encodeRequest, requestBytes } from '../src/codec/request.ts';
import { type NbdServer, type NbdServerOptions, serveNbd } from '../src/index.ts';
import { type MemoryDevice, memoryDevice } from '../src/testing/memory-device.ts';
import { removeFolder, temporaryFolder } from './fixtures.ts';

/** Data, zeros and data; not a whole number of blocks. */
export const content = Buffer.concat([
  randomBytes(3 * MiB),
  Buffer.alloc(5 * MiB),
  randomBytes(2 * MiB + 512),
]);

/** A folder for each test, and a server in it once `serve` was called. */
export class ServerRig {
  folder = '';
  socketPath = '';
  readonly devices: MemoryDevice[] = [];
  readonly #sockets: Socket[] = [];
  #server: NbdServer | undefined;

  get server(): NbdServer {
    if (this.#server === undefined) throw new Error('call serve first');
    return this.#server;
  }

  async open(): Promise<void> {
    this.folder = await temporaryFolder();
    this.socketPath = join(this.folder, 'nbd.sock');
  }

  /** Serves `content` as `disk` and keeps every device that was opened. */
  async serve(options: Partial<NbdServerOptions> = {}): Promise<void> {
    this.#server = await serveNbd({
      socketPath: this.socketPath,
      logger: silentLogger,
      openExport: async (name) => {
        if (name !== 'disk') return undefined;
        const device = memoryDevice(content);
        this.devices.push(device);
        return device;
      },
      ...options,
    });
  }

  uri(name: string): string {
    return `nbd+unix:///${name}?socket=${this.socketPath}`;
  }

  async rawFile(): Promise<string> {
    const path = join(this.folder, 'disk.raw');
    await writeFile(path, content);
    return path;
  }

  rawSocket(): Socket {
    const socket = connect(this.socketPath);
    socket.on('error', () => {});
    this.#sockets.push(socket);
    return socket;
  }

  /** Nothing may be left: no open device, no socket's name. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    await this.#server?.close();
    this.#server = undefined;
    expect(this.devices.splice(0).filter((device) => !device.isClosed)).toEqual([]);
    expect(await readdir(this.folder)).not.toContain('nbd.sock');
    await removeFolder(this.folder);
  }
}

export function useServerRig(): ServerRig {
  const rig = new ServerRig();
  beforeEach(() => rig.open());
  afterEach(() => rig.close());
  return rig;
}

/** What the oldest clients send, without waiting in between: flags, an export name, reads from the start. */
export function oldestClient(
  exportName: string,
  reads: readonly number[],
  { noZeroes = false } = {},
): Buffer {
  const requests = reads.map((lengthBytes, index) => {
    const request = Buffer.alloc(requestBytes);
    const { read } = commandType;
    encodeRequest({ flags: 0, type: read, cookie: BigInt(index), offset: 0, lengthBytes }, request);
    return request;
  });
  const option = encodeOption(optionType.exportName, Buffer.from(exportName));
  return Buffer.concat([encodeClientFlags({ noZeroes }), option, ...requests]);
}
