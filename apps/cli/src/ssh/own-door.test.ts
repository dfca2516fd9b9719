import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logIn } from './log-in.ts';
import { hasOwnDoor } from './own-door.ts';
import { waitForSsh } from './wait-for-ssh.ts';

const address = '127.46.7.1';

/** A program of this user that greets as an ssh server does. */
async function aListener(host: string) {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.on('error', () => {});
    socket.end('SSH-2.0-OpenSSH_9.2\r\n');
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a listener without a port');
  return { port: bound.port, calls: () => calls };
}

/** The folder of a platform of this user, or of another. */
async function aFolder(isOwn: boolean): Promise<string> {
  if (!isOwn && process.getuid?.() !== 0) return '/';
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-own-door-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  if (!isOwn) await chown(folder, 1, 1);
  return folder;
}

const targetIn = async (folder: Promise<string>, port?: number) => ({
  ...{ instanceId: 'i-1', address, user: 'nobody', knownHostsPath: join(await folder, 'known') },
  ...(port !== undefined && { port }),
});

test("a port is the platform's when its user listens at that address", async () => {
  const { port } = await aListener(address);
  const everywhere = await aListener('0.0.0.0');
  expect(await hasOwnDoor(await targetIn(aFolder(true), port))).toBe(true);
  expect(await hasOwnDoor(await targetIn(aFolder(true), everywhere.port))).toBe(false);
  expect(
    await hasOwnDoor({ ...(await targetIn(aFolder(true), port)), address: '127.46.7.2' }),
  ).toBe(false);
  // With root, which has no ports of its own for guests.
  expect(await hasOwnDoor(await targetIn(aFolder(false)))).toBe(true);
});

test.for([address, '0.0.0.0'])("no login goes to another user's program on %s", async (host) => {
  const { port, calls } = await aListener(host);
  const target = await targetIn(aFolder(false), port);
  const refused = `${address} port ${port} is not the guest's: a program of user ${process.getuid?.()}`;
  const wait = { target, timeoutMs: 60_000, onWait: async () => {} };
  await expect(waitForSsh(wait, new AbortController().signal)).rejects.toThrow(refused);
  await expect(logIn(target, ['true'], process.env)).rejects.toThrow(refused);
  expect(calls()).toBe(0);
});

test('no login goes to a port that the platform has not opened', async () => {
  const { port, calls } = await aListener('0.0.0.0');
  const target = await targetIn(aFolder(true), port);
  const closed = `the platform has not opened ${address} port ${port}`;
  const wait = { target, timeoutMs: 500, onWait: async () => {} };
  await expect(waitForSsh(wait, new AbortController().signal)).rejects.toThrow(closed);
  await expect(logIn(target, ['true'], process.env)).rejects.toThrow(closed);
  expect(calls()).toBe(0);
});
