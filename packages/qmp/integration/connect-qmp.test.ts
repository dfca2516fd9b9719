import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectQmp, QmpClosedError, QmpError, type QmpEvent } from '../src/index.ts';

let folder = '';
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-qmp-'));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

function startQemu(cwd: string): void {
  const argv = ['-S', '-nodefaults', '-display', 'none', '-machine', 'none'];
  const qemu = spawn('qemu-system-x86_64', [...argv, '-qmp', 'unix:q.sock,server=on,wait=off'], {
    cwd,
    stdio: 'ignore',
  });
  cleanups.push(() => qemu.kill('SIGKILL'));
}

async function connectWhenThere(socketPath: string) {
  for (const deadline = Date.now() + 20_000; ; ) {
    try {
      const client = await connectQmp({ socketPath, timeoutMs: 5000 });
      cleanups.push(() => client.close());
      return client;
    } catch (error) {
      if (!(error instanceof QmpClosedError) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function serve(onConnection: (write: (text: string) => void) => void): Promise<string> {
  const path = join(folder, 's.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    cleanups.push(() => socket.destroy());
    onConnection((text) => socket.write(text));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  cleanups.push(() => server.close());
  return path;
}

describe('connectQmp', () => {
  it('talks to QEMU: results, refusals, events, and its end', async () => {
    startQemu(folder);
    const client = await connectWhenThere(join(folder, 'q.sock'));
    expect(client.version).toMatch(/^\d+\.\d+\.\d+$/);
    const events: QmpEvent[] = [];
    client.onEvent((event) => events.push(event));
    const [status, refused] = await Promise.allSettled([
      client.execute('query-status'),
      client.execute('blockdev-del', { 'node-name': 'none' }),
    ]);
    expect(status).toMatchObject({ status: 'fulfilled', value: { running: false } });
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(QmpError) });
    await client.execute('quit');
    expect(await client.closed).toBeUndefined();
    expect(events.map(({ event }) => event)).toContain('SHUTDOWN');
    await expect(client.execute('query-status')).rejects.toBeInstanceOf(QmpClosedError);
  });

  it('is not confused by commands that an earlier client left behind', async () => {
    startQemu(folder);
    const socketPath = join(folder, 'q.sock');
    for (let round = 0; round < 10; round += 1) {
      const client = await connectWhenThere(socketPath);
      const left = Array.from({ length: 5 }, () => client.execute('query-qmp-schema'));
      void client.close();
      await Promise.allSettled(left);
      const next = await connectQmp({ socketPath, timeoutMs: 5000 });
      expect(await next.execute('query-status')).toMatchObject({ running: false });
      await next.close();
    }
  });

  it('reaches a socket whose path is longer than a socket address', async () => {
    const deep = join(folder, 'x'.repeat(90), 'y'.repeat(90));
    await mkdir(deep, { recursive: true });
    startQemu(deep);
    const client = await connectWhenThere(join(deep, 'q.sock'));
    expect(await client.execute('query-status')).toMatchObject({ running: false });
  });

  it('says that nobody listens', async () => {
    await expect(
      connectQmp({ socketPath: join(folder, 'none.sock'), timeoutMs: 1000 }),
    ).rejects.toThrow(/cannot connect to QEMU at .*none\.sock/);
  });

  it('gives up at the time limit when no greeting arrives, and at once when aborted', async () => {
    const socketPath = await serve(() => {});
    await expect(connectQmp({ socketPath, timeoutMs: 50 })).rejects.toThrow(/within 50 ms/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(connectQmp({ socketPath, timeoutMs: 5000, signal })).rejects.toThrow('enough');
  });

  it('rejects garbage instead of a greeting', async () => {
    const socketPath = await serve((write) => write('SSH-2.0-OpenSSH_9.2\r\n'));
    await expect(connectQmp({ socketPath, timeoutMs: 5000 })).rejects.toThrow(/is not JSON/);
  });
});
