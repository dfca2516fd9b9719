import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listenPrivately } from './listen-privately.ts';

test('a socket is only for its user, in the place of one that was left; the umask stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-listen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a.sock');
  await writeFile(path, '');
  const umask = process.umask();
  const server = createServer();
  const listening = listenPrivately(server, path);
  await listening;
  onTestFinished(() => void server.close());
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(process.umask()).toBe(umask);
});

test('a socket that cannot be is an error', async () => {
  await expect(listenPrivately(createServer(), '/nowhere/a.sock')).rejects.toThrow('/nowhere');
});
