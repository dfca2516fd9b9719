import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { silentLogger } from '@bakehouse/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inTurn, limitPeers } from './connections.ts';

let server: Server;
beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function connected(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  return socket;
}

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

test('a request waits for the answer to the one before it', async () => {
  const begun: (() => void)[] = [];
  const answer = inTurn(32, (_, response) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    begun.push(() => response.end('x', resolve));
    return promise;
  });
  server.on('request', (request, response) => void answer(request, response));
  const socket = await connected();
  socket.write(get.repeat(3));
  for (const count of [1, 2, 3]) {
    await expect.poll(() => begun.length).toBe(count);
    begun.at(-1)?.();
  }
});

test('a connection with too many requests sent ahead is cut off', async () => {
  let begun = 0;
  const answer = inTurn(32, () => {
    begun += 1;
    return new Promise(() => {});
  });
  server.on('request', (request, response) => void answer(request, response));
  const socket = await connected();
  socket.write(get.repeat(100));
  await once(socket, 'close');
  expect(begun).toBe(1);
});

test('connections beyond the limit of a peer are closed, and count no more', async () => {
  limitPeers(server, { total: 10, perPeer: 2 }, silentLogger);
  const [first] = [await connected(), await connected()];
  const third = await connected();
  await once(third, 'close');
  first.destroy();
  await once(first, 'close');
  await expect.poll(() => countOf(server)).toBe(1);
  const fourth = await connected();
  fourth.write(get);
  server.on('request', (_, response) => response.end('x'));
  const [answer] = await once(fourth, 'data');
  expect(String(answer)).toContain('200 OK');
});

function countOf(one: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    one.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
