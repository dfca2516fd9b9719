import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { RequestHead } from '@bakehouse/aws-wire';
import { MiB, randomIds } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bodyBytesMax } from './incoming-body.ts';
import { type Listener, startListener } from './listener.ts';

let listener: Listener;
let seen: RequestHead[];
/** What the service does when it has the body. */
let working: () => Promise<void>;
/** Of requests whose errors were logged. */
let refusals: number;
const logger = {
  log: () => {
    refusals += 1;
  },
  with: () => logger,
};

beforeEach(async () => {
  seen = [];
  working = async () => {};
  refusals = 0;
  listener = await listenFor(false);
});

/** Callers are anyone but those who say in a header that they are not. */
function listenFor(trusting: boolean): Promise<Listener> {
  return startListener({
    host: '127.0.0.1',
    port: 0,
    ids: randomIds,
    logger,
    async authenticate(head) {
      seen.push(head);
      if (head.headers['x-stranger'] !== undefined)
        throw apiError('MissingAuthenticationToken', {});
      const caller = { accountId: '123456789012', accessKeyId: 'A', region: 'us-east-1' };
      return { caller: { ...caller, service: 'echo' } };
    },
    trusting,
    services: {
      async echo({ body }) {
        const bytes = await body.bytes();
        await working();
        return { status: 200, headers: { 'content-type': 'text/plain' }, body: bytes };
      },
    },
    open: {},
  });
}
afterEach(() => listener.close(0));

async function connected(): Promise<Socket> {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** What comes back for these raw parts, each sent after the one before it has been sent. */
async function exchange(parts: readonly string[]): Promise<string> {
  const socket = await connected();
  for (const part of parts) await new Promise((sent) => socket.write(part, sent));
  return await text(socket);
}

const head = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: h', ...lines, '', ''].join('\r\n');

test('a body that comes in parts is read whole', async () => {
  const start = head('Connection: close', 'Content-Length: 10');
  const answer = await exchange([start, '01234', '5', '6789']);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n0123456789$/s);
});

test('a body that is declared too large is refused unread, and ends the connection', async () => {
  const answer = await exchange([head(`Content-Length: ${bodyBytesMax + 1}`)]);
  expect(answer).toMatch(/^HTTP\/1\.1 413 .*connection: close.*RequestEntityTooLarge/is);
});

test('a body that turns out too large is refused without waiting for its end', async () => {
  const chunk = 'x'.repeat(bodyBytesMax + 1);
  const start = head('Transfer-Encoding: chunked');
  const answer = await exchange([start, `${chunk.length.toString(16)}\r\n${chunk}`]);
  expect(answer).toMatch(/^HTTP\/1\.1 413 .*connection: close.*RequestEntityTooLarge/is);
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

test('values of a header that occurs twice are all passed on, in their order', async () => {
  await exchange([
    head('Connection: close', 'X-Amz-Meta: b', 'X-Amz-Meta: a', 'Content-Length: 0'),
  ]);
  expect(seen[0]?.headers['x-amz-meta']).toEqual(['b', 'a']);
});

test('a caller that leaves in the middle of its body disturbs nobody', async () => {
  const socket = await connected();
  await new Promise((sent) => socket.write(head('Content-Length: 10'), sent));
  socket.destroy();
  await once(socket, 'close');
  expect(await exchange([head('Connection: close', 'Content-Length: 2'), 'ok'])).toMatch(/ok$/);
});

/** More than all requests may hold together: a leak of them leaves no room. */
const manyBodies = Math.ceil((40 * MiB) / (3 * MiB));

async function sendAndLeave(start: string): Promise<void> {
  const socket = await connected();
  await new Promise((sent) => socket.write(`${start}${'x'.repeat(3 * MiB)}`, sent));
  socket.destroy();
}

/** As many bodies as the budget has room for, all of them held by the service at once. */
async function fillBudget(): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let held = 0;
  working = async () => {
    held += 1;
    if (held === 8) resolve();
    await promise;
  };
  const body = 'x'.repeat(bodyBytesMax);
  const start = head(`Content-Length: ${body.length}`, 'Connection: close');
  const statusOf = async () => (await exchange([start, body])).slice(0, 12);
  const replies = Array.from({ length: 8 }, statusOf);
  // One that is refused ends the wait for the others.
  Promise.race(replies)
    .catch(() => {})
    .finally(resolve);
  return Promise.all(replies);
}

test('callers that leave in the middle of large bodies leave the whole budget to others', async () => {
  for (let each = 0; each < manyBodies; each += 1) {
    await sendAndLeave(head(`Content-Length: ${bodyBytesMax}`));
  }
  await expect.poll(() => refusals, { timeout: 15_000 }).toBe(manyBodies);
  expect(new Set(await fillBudget())).toEqual(new Set(['HTTP/1.1 200']));
});

test('callers are accepted without verification, but not web pages, nor requests under other names of this host', async () => {
  await listener.close(0);
  listener = await listenFor(true);
  const get = (...lines: string[]) =>
    exchange([['GET /?a=b HTTP/1.1', 'Connection: close', ...lines, '', ''].join('\r\n')]);
  expect(await get('Host: 127.0.0.1')).toMatch(/^HTTP\/1\.1 200 /);
  expect(await get('Host: evil.example')).toMatch(/^HTTP\/1\.1 403 .*UnauthorizedOperation/s);
  expect(await get('Host: localhost', 'Sec-Fetch-Site: cross-site')).toMatch(/^HTTP\/1\.1 403 /);
  expect(seen).toHaveLength(1);
});

test('a stranger is refused before the body arrives, and may go on when it was not long', async () => {
  const stranger = head('X-Stranger: 1', 'Content-Length: 5');
  const answer = await exchange([stranger, 'abcde', head('Connection: close')]);
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200']);
});

test('a client that asks whether to send its body gets an answer, or is refused before it has sent any', async () => {
  const expecting = (...lines: string[]) =>
    head('Expect: 100-continue', 'Content-Length: 5', 'Connection: close', ...lines);
  const socket = await connected();
  const all = text(socket);
  socket.write(expecting());
  const [first] = await once(socket, 'data');
  expect(String(first)).toMatch(/^HTTP\/1\.1 100 Continue/);
  socket.write('abcde');
  expect(await all).toMatch(/HTTP\/1\.1 200 OK\r\n.*\r\n\r\nabcde$/s);

  const refused = await exchange([expecting('X-Stranger: 1')]);
  expect(refused).toMatch(/^HTTP\/1\.1 403 .*connection: close/is);
});

test('a HEAD request is answered without a body', async () => {
  const answer = await exchange([
    'HEAD /a HTTP/1.1\r\nHost: h\r\nX-Stranger: 1\r\nConnection: close\r\n\r\n',
  ]);
  expect(answer).toMatch(/^HTTP\/1\.1 403 .*content-length: [1-9]\d*\r\n(?:[^\r]+\r\n)*\r\n$/is);
});

test('requests that are sent ahead are answered in their order', async () => {
  const post = (body: string) => `${head(`Content-Length: ${body.length}`)}${body}`;
  const ahead = ['a', 'bc', 'def'].map(post).join('');
  const answer = await exchange([`${ahead}${head('Connection: close')}`]);
  expect(answer.match(/\r\n\r\n[a-f]+/g)?.map((one) => one.trim())).toEqual(['a', 'bc', 'def']);
});
