import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ensureServer } from './ensure-server.ts';

type Look = 'starting' | 'ok' | 'no answer';

/** A data folder whose server, in that process, answers such looks one after the other, the last one again and again. */
async function served(pid: number, looks: readonly Look[], onLook = () => {}) {
  const dataDirectory = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-ensure-')));
  let count = 0;
  const server = createServer((_, response) => {
    const status = looks[Math.min(count, looks.length - 1)];
    count += 1;
    onLook();
    if (status === 'no answer') response.destroy();
    else response.end(JSON.stringify({ status, pid, store: { directory: dataDirectory } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await rm(dataDirectory, { recursive: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoint = JSON.stringify({ url, pid, compute: 'simulated' });
  await writeFile(join(dataDirectory, 'endpoint.json'), endpoint);
  const request = { dataDirectory, args: [], onProgress: () => {}, onProblem: () => {} };
  return { url, found: () => ensureServer(request, new AbortController().signal) };
}

test('a look that fails does not end the wait for a server that is starting', async () => {
  const { url, found } = await served(process.pid, ['starting', 'no answer', 'starting', 'ok']);
  expect(await found()).toMatchObject({ url, pid: process.pid, isNew: false });
});

test('a server that another command started, and that ended, is reported', async () => {
  const other = spawn('sleep', ['60']);
  const { found } = await served(other.pid ?? 0, ['starting', 'no answer']);
  setTimeout(() => other.kill(), 300);
  await expect(found()).rejects.toThrow('the server did not start (it ended)');
});

test('a server that another command started is not ended when it is not ready in time', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const other = spawn('sleep', ['60']);
  onTestFinished(() => {
    other.kill();
  });
  const { found } = await served(other.pid ?? 0, ['starting', 'no answer'], () =>
    vi.setSystemTime(Date.now() + 100_000),
  );
  await expect(found()).rejects.toThrow(
    /^the server, process \d+, was not ready after 180 s, and goes on; see .*server\.log$/,
  );
  expect(other.signalCode).toBeNull();
});
