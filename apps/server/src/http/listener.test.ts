import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SignedRequest } from '@bakehouse/aws-wire';
import { randomIds, silentLogger } from '@bakehouse/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bodyBytesMax } from './exchange.ts';
import { type Listener, startListener } from './listener.ts';

let listener: Listener;
let seen: SignedRequest[];

beforeEach(async () => {
  seen = [];
  listener = await listenFor(false);
});

function listenFor(trusting: boolean): Promise<Listener> {
  return startListener({
    host: '127.0.0.1',
    port: 0,
    ids: randomIds,
    logger: silentLogger,
    async authenticate(request) {
      seen.push(request);
      return { accountId: '123456789012', accessKeyId: 'A', region: 'us-east-1', service: 'echo' };
    },
    trusting,
    services: {
      async echo({ signed }) {
        const body = Buffer.from(signed.body).toString('utf8');
        return { status: 200, contentType: 'text/plain', body };
      },
    },
    open: {},
  });
}
afterEach(() => listener.close(0));

/** What comes back for these raw parts, each sent after the one before it has gone out. */
async function exchange(parts: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  await once(socket, 'connect');
  for (const part of parts) await new Promise((sent) => socket.write(part, sent));
  return await text(socket);
}

const head = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: h', ...lines, '', ''].join('\r\n');

test('a body that comes in parts is read whole', async () => {
  const start = head('Connection: close', 'Content-Length: 10');
  const answer = await exchange([start, '01234', '5', '6789']);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n0123456789$/s);
});

test('a body that says to be too large is refused unread, and ends the connection', async () => {
  const answer = await exchange([head(`Content-Length: ${bodyBytesMax + 1}`)]);
  expect(answer).toMatch(/^HTTP\/1\.1 413 .*connection: close.*RequestEntityTooLarge/is);
  expect(seen).toEqual([]);
});

test('a body that turns out too large is refused without waiting for its end', async () => {
  const chunk = 'x'.repeat(bodyBytesMax + 1);
  const start = head('Transfer-Encoding: chunked');
  const answer = await exchange([start, `${chunk.length.toString(16)}\r\n${chunk}`]);
  expect(answer).toMatch(/^HTTP\/1\.1 413 .*connection: close.*RequestEntityTooLarge/is);
  expect(seen).toEqual([]);
});

test('a connection is kept after a request that was read', async () => {
  const get = 'GET /?a=b HTTP/1.1\r\nHost: h\r\n';
  const answer = await exchange([`${get}\r\n`, `${get}Connection: close\r\n\r\n`]);
  expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(seen.map(({ path, rawQuery }) => [path, rawQuery])).toEqual([
    ['/', 'a=b'],
    ['/', 'a=b'],
  ]);
});

test('values of a header that comes twice are all there, in their order', async () => {
  await exchange([
    head('Connection: close', 'X-Amz-Meta: b', 'X-Amz-Meta: a', 'Content-Length: 0'),
  ]);
  expect(seen[0]?.headers['x-amz-meta']).toEqual(['b', 'a']);
});

test('a caller that goes away in the middle of its body disturbs nobody', async () => {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  await once(socket, 'connect');
  await new Promise((sent) => socket.write(head('Content-Length: 10'), sent));
  socket.destroy();
  await once(socket, 'close');
  expect(await exchange([head('Connection: close', 'Content-Length: 2'), 'ok'])).toMatch(/ok$/);
});

test('taking callers at their word, it does not take web pages, nor names that lead here', async () => {
  await listener.close(0);
  listener = await listenFor(true);
  const get = (...lines: string[]) =>
    exchange([['GET /?a=b HTTP/1.1', 'Connection: close', ...lines, '', ''].join('\r\n')]);
  expect(await get('Host: 127.0.0.1')).toMatch(/^HTTP\/1\.1 200 /);
  expect(await get('Host: evil.example')).toMatch(/^HTTP\/1\.1 403 .*UnauthorizedOperation/s);
  expect(await get('Host: localhost', 'Sec-Fetch-Site: cross-site')).toMatch(/^HTTP\/1\.1 403 /);
  expect(seen).toHaveLength(1);
});
