import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { silentLogger } from '@bakehouse/base';
import { openBlockStore } from '@bakehouse/blockstore';
import { takePublicRange } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDataDirectory } from '../src/data-directory.ts';
import { destroyPlatform } from '../src/destroy.ts';
import { serve } from '../src/serve.ts';

const range = await takePublicRange();
const cli = join(import.meta.dirname, '../../cli/bin/bakehouse');
const hangingServer = join(import.meta.dirname, 'hanging-server.ts');

async function newFolder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-end-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return root;
}

/** A process of the test; killed with it, when it has not ended by then. */
function spawned(program: string, args: readonly string[], cwd?: string) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd ? { cwd } : {}),
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

/** A QEMU without a guest, in the place of the machine of an instance. Resolves to its monitor when that is there. */
async function runMachine(instances: string): Promise<string> {
  const folder = join(instances, 'i-0123456789abcdef0');
  await mkdir(folder);
  const quiet = ['-machine', 'none', '-nodefaults', '-display', 'none'];
  const monitor = ['-qmp', 'unix:qmp.sock,server=on,wait=off', '-pidfile', 'pid'];
  spawned('qemu-system-x86_64', [...quiet, ...monitor], folder);
  const socketPath = join(folder, 'qmp.sock');
  await expect.poll(() => canConnect(socketPath), { timeout: 30_000 }).toBe(true);
  return socketPath;
}

/** Whether nobody else has the monitor: QEMU serves one client, and greets the next one when that has gone. */
async function canConnect(socketPath: string): Promise<boolean> {
  const socket = createConnection(socketPath);
  try {
    await once(socket, 'data', { signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('a server whose host step fails ends with 1, and leaves the monitors of machines', async () => {
  const root = await newFolder();
  const args = ['--data', root, '--listen', '127.0.0.1:0', '--public-cidr', range.cidr];
  const config = readConfig(args, {});
  const data = await openDataDirectory(config);
  // A folder with machines must have records.
  const before = await serve(readConfig([...args, '--compute', 'simulated'], {}), silentLogger);
  await before.ready;
  await before.close();
  const monitor = await runMachine(data.instances);
  const openSource = () => Promise.reject(new Error('no sources here'));
  const holder = await openBlockStore({ directory: data.blocks, logger: silentLogger, openSource });
  onTestFinished(() => holder.close());
  onTestFinished(async () => {
    await destroyPlatform(config, { deleteData: false });
  });

  const { child, ended } = spawned(cli, ['serve', ...args]);
  const errors = text(child.stderr);
  expect(await ended).toEqual([1, null]);
  const words = (await errors).split('\n').filter((line) => !line.startsWith('{'));
  expect(words.join('\n')).toMatch(
    /^bakehouse serve: the block server of .* ended \(exit status 1\)/,
  );
  expect(words.join('\n')).toContain(`is in use by process ${process.pid}`);
  expect(words.join('\n')).not.toMatch(/^ +at /m);
  expect(await canConnect(monitor)).toBe(true);
});

async function startHanging(closeLimitMs: number) {
  const place = ['--data', await newFolder(), '--listen', '127.0.0.1:0'];
  const args = [hangingServer, `${closeLimitMs}`, ...place, '--compute', 'simulated'];
  const server = spawned(process.execPath, args);
  await once(server.child.stdout, 'data');
  return server;
}

test('a server that hangs in its start ends soon after SIGTERM', async () => {
  const { child, ended } = await startHanging(500);
  const errors = text(child.stderr);
  child.kill('SIGTERM');
  expect(await ended).toEqual([1, null]);
  expect(await errors).toContain('bakehouse serve: the server did not close within 0.5 s');
});

test('a second signal of the other kind ends a server at once', async () => {
  const { child, ended } = await startHanging(600_000);
  child.kill('SIGTERM');
  for await (const line of createInterface(child.stderr)) if (line.includes('stopping:')) break;
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});
