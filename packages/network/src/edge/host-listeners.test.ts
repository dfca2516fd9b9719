import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { HostListeners } from './host-listeners.ts';
import type { Door } from './plan-doors.ts';

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What a client is given: the port of the guest that its connection was for. */
async function reached({ address, hostPort }: Door): Promise<string> {
  const socket = connect(hostPort, address);
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once('data', (text) => resolve(String(text)));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  return await promise.finally(() => socket.destroy());
}

function listeners(): HostListeners {
  const made = new HostListeners(({ port }, socket) => socket.end(`${port}`));
  onTestFinished(async () => {
    await made.change([]);
  });
  return made;
}

test('doors are opened and closed, and a door that stays keeps its connections', async () => {
  const [first, second] = [await freePort(), await freePort()];
  const ssh: Door = { address: '127.0.0.1', port: 22, hostPort: first };
  const web: Door = { address: '127.0.0.1', port: 80, hostPort: second };
  const doors = listeners();
  expect(await doors.change([ssh])).toEqual([]);
  expect(await reached(ssh)).toBe('22');
  expect(await reached(web)).toBe('ECONNREFUSED');
  expect(await doors.change([ssh, web])).toEqual([]);
  expect(await reached(web)).toBe('80');
  expect(await doors.change([web])).toEqual([]);
  expect(await reached(ssh)).toBe('ECONNREFUSED');
});

test('a door where another program listens is named, and opened at another try', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port: hostPort } = taken.address() as AddressInfo;
  const free: Door = { address: '127.0.0.1', port: 80, hostPort: await freePort() };
  const blocked: Door = { address: '127.0.0.1', port: 22, hostPort };
  const doors = listeners();
  const shut = await doors.change([blocked, free]);
  expect(shut).toEqual([{ door: blocked, why: expect.stringContaining('EADDRINUSE') }]);
  expect(await reached(free)).toBe('80');
  await taken[Symbol.asyncDispose]();
  expect(await doors.change([blocked, free])).toEqual([]);
  expect(await reached(blocked)).toBe('22');
});
