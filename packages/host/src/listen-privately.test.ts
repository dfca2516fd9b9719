import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exists } from './files.ts';
import { listenPrivately } from './listen-privately.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-listen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function aServer() {
  const server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  return server;
}

test('only the owner can open the socket; it replaces a file that was left', async () => {
  const folder = await aFolder();
  const path = join(folder, 'a.sock');
  await writeFile(path, '');
  await listenPrivately(aServer(), path);
  const { mode } = await stat(path);
  expect(mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['a.sock']);
  await once(
    createConnection(path).on('error', () => {}),
    'close',
  );
});

test('a server removes its own socket and leaves that of its successor', async () => {
  const path = join(await aFolder(), 'a.sock');
  const first = await listenPrivately(aServer(), path);
  const second = await listenPrivately(aServer(), path);
  await first.remove();
  expect(await exists(path)).toBe(true);
  await second.remove();
  await second.remove();
  expect(await exists(path)).toBe(false);
});

test('a folder that does not exist, or a path too long for a socket, is refused', async () => {
  await expect(listenPrivately(aServer(), '/nowhere/a.sock')).rejects.toThrow('/nowhere');
  const long = join(await aFolder(), 'x'.repeat(100));
  await expect(listenPrivately(aServer(), long)).rejects.toThrow('choose a shorter folder');
});
