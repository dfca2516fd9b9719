import { once } from 'node:events';
import { createServer } from 'node:net';
import { hasSshBanner } from '../src/ssh/ssh-banner.ts';
import { waitForSsh } from '../src/ssh/wait-for-ssh.ts';

/**
 * Looks and waits for ssh on port 22 of this network namespace, where what the first argument says is the greeting; without
 * one, nothing listens. Prints what came of it.
 */
const address = '127.0.0.1';
const [greeting] = process.argv.slice(2);
if (greeting !== undefined) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(greeting);
  });
  await once(server.listen(22, address).unref(), 'listening');
}
const isSsh = await hasSshBanner({ address }, 5_000);
const target = { instanceId: 'i-1', address, user: 'nobody', knownHostsPath: '/dev/null' };
const wait = { target, timeoutMs: 500, onWait: async () => {} };
const failure = await waitForSsh(wait, new AbortController().signal).then(
  () => undefined,
  (error: unknown) => String(error),
);
process.stdout.write(JSON.stringify({ isSsh, failure }));
