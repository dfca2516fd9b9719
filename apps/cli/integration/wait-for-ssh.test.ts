import { createServer, type Server } from 'node:net';
import { takePublicRange } from '@bakehouse/testkit';
import { afterAll, afterEach, expect, test } from 'vitest';
import { hasSshBanner } from '../src/ssh/ssh-banner.ts';
import { waitForSsh } from '../src/ssh/wait-for-ssh.ts';

// No platform on this host has it: one with the default range may run beside the tests, and rejects what is in there.
const range = await takePublicRange();
const address = `127.${range.second}.0.10`;
const target = { instanceId: 'i-1', address, user: 'nobody', knownHostsPath: '/dev/null' };
const signal = new AbortController().signal;

let server: Server | undefined;
afterEach(() => server?.close());
afterAll(() => range.release());

async function greet(words: string): Promise<void> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(words);
  });
  await new Promise<void>((resolve) => server?.listen(22, address, resolve));
}

test('an ssh server is known by its greeting', async () => {
  expect(await hasSshBanner(address, 2_000)).toBe(false);
  await greet('SSH-2.0-OpenSSH_9.2\r\n');
  expect(await hasSshBanner(address, 2_000)).toBe(true);
});

test('another server on the port is none', async () => {
  await greet('HTTP/1.1 400 Bad Request\r\n');
  expect(await hasSshBanner(address, 2_000)).toBe(false);
});

test('where nothing answers, the error asks for the security group', async () => {
  const wait = { target, timeoutMs: 500, onWait: async () => {} };
  await expect(waitForSsh(wait, signal)).rejects.toThrow(
    new RegExp(
      `^no ssh login on i-1 within 1 s: nothing answers on ${RegExp.escape(address)} port 22; .*security group`,
    ),
  );
});

test('where a login does not work, the error has what ssh says', async () => {
  await greet('SSH-2.0-OpenSSH_9.2\r\n');
  const wait = { target, timeoutMs: 500, onWait: async () => {} };
  await expect(waitForSsh(wait, signal)).rejects.toThrow(/ssh says: \S/);
});

test('an instance that is gone ends the wait at once', async () => {
  const onWait = async () => {
    throw new Error('i-1 is terminated');
  };
  await expect(waitForSsh({ target, timeoutMs: 60_000, onWait }, signal)).rejects.toThrow(
    'i-1 is terminated',
  );
});
