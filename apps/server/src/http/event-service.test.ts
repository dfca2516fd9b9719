import { once } from 'node:events';
import {
  Agent,
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { PlatformEvent } from '@bakehouse/admin-api';
import { type AdminClientOptions, type EventEntry, readEvents } from '@bakehouse/aws-wire';
import { EventLog } from '@bakehouse/orchestration/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventService } from './event-service.ts';
import { requestHead } from './request-head.ts';

const accountId = '123456789012';
const caller = { accountId, accessKeyId: 'A', region: 'us-east-1', service: 'bakehouse' };
const mine = { everyone: false, accountIds: [accountId] };
const capacity = 1_000;

let log: EventLog;
let stopping: AbortController;
let server: Server;
let responses: ServerResponse[];
/** Resolves when a stream has ended at the server. */
let ended: PromiseWithResolvers<void>;

const eventOf = (id: string, kind = 'instance'): PlatformEvent => ({
  type: 'record',
  at: 1,
  change: 'put',
  kind,
  id,
});

const progressOf = (id: string, message: string): PlatformEvent => ({
  type: 'progress',
  at: 1,
  id,
  stage: 's',
  message,
});

beforeEach(async () => {
  log = new EventLog({ stamp: 'run', capacity });
  stopping = new AbortController();
  const ending = Promise.withResolvers<void>();
  ended = ending;
  responses = [];
  const serve = eventService({
    events: log,
    stopping: stopping.signal,
    heartbeatMs: 5,
    stallMs: 200,
    leaveMs: 50,
  });
  server = createServer((request, response) => {
    responses.push(response);
    serve({ head: requestHead(request), caller, response })
      .catch((error) =>
        response
          .writeHead(error.status)
          .end(JSON.stringify({ __type: error.code, message: error.message })),
      )
      .finally(() => ending.resolve());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const port = () => (server.address() as AddressInfo).port;
const options = (): AdminClientOptions => ({
  endpoint: `http://127.0.0.1:${port()}`,
  credentials: { accessKeyId: 'A', secretAccessKey: 'S' },
  region: 'us-east-1',
});

/** The next entries of a stream. */
async function take(
  entries: AsyncGenerator<EventEntry, void, undefined>,
  count: number,
): Promise<EventEntry[]> {
  const taken: EventEntry[] = [];
  while (taken.length < count) {
    const { value } = await entries.next();
    if (!value) break;
    taken.push(value);
  }
  return taken;
}

const idsOf = (entries: readonly EventEntry[]) =>
  entries.map((entry) => (entry.type === 'event' ? entry.event.id : entry.type));

test('events come as they happen, narrowed by kind and id', async () => {
  const all = readEvents(options(), {});
  const some = readEvents(options(), { kinds: ['volume'], ids: ['vol-1'] });
  expect(idsOf([...(await take(all, 1)), ...(await take(some, 1))])).toEqual(['start', 'start']);
  log.append(eventOf('i-1'), mine);
  log.append(eventOf('vol-2', 'volume'), mine);
  log.append(eventOf('vol-1', 'volume'), mine);
  expect(idsOf(await take(all, 3))).toEqual(['i-1', 'vol-2', 'vol-1']);
  expect(idsOf(await take(some, 1))).toEqual(['vol-1']);
  await all.return();
  await some.return();
});

test('a reader that comes back goes on after its last position, or has a gap', async () => {
  const first = readEvents(options(), {});
  await take(first, 1);
  log.append(eventOf('i-1'), mine);
  const [last] = await take(first, 1);
  await first.return();
  log.append(eventOf('i-2'), mine);
  const after = last?.position ?? '';
  expect(idsOf(await take(readEvents(options(), { after }), 2))).toEqual(['start', 'i-2']);
  const ofEarlierRun = readEvents(options(), { after: 'before-1' });
  expect(idsOf(await take(ofEarlierRun, 1))).toEqual(['gap']);
});

/** A client that asks for events and then reads nothing. */
async function openStuckClient(): Promise<Socket> {
  const socket = connect({ port: port(), host: '127.0.0.1' });
  socket.pause();
  socket.on('error', () => {});
  socket.write('GET /_bakehouse/events HTTP/1.1\r\nhost: a\r\n\r\n');
  await expect.poll(() => responses.length).toBe(1);
  return socket;
}

test('a client that reads nothing costs its socket, and is let go', async () => {
  const socket = await openStuckClient();
  const message = 'x'.repeat(200);
  let appended = 0;
  // The log stays as long as it is; what the client has not read is only there.
  const isEnded = ended.promise.then(() => true);
  for (let isOver = false; !isOver; ) {
    for (let each = 0; each < capacity; each += 1) {
      log.append(progressOf(`bake-${appended}`, message), mine);
      appended += 1;
    }
    const turn = new Promise<boolean>((resolve) => setImmediate(resolve, false));
    isOver = await Promise.race([isEnded, turn]);
  }
  expect(appended).toBeGreaterThan(capacity);
  expect(socket.bytesRead).toBeLessThan(appended * message.length);
  socket.destroy();
});

test('a client that has not read the end of its stream is let go when the server stops', async () => {
  const socket = await openStuckClient();
  const [response] = responses;
  if (!response) throw new Error('the client has no response');
  // Until the system's buffers are full: what follows waits in the response.
  while (response.writableLength === 0) {
    log.append(progressOf('bake-1', 'x'.repeat(4_000)), mine);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(response.writableNeedDrain).toBe(false);
  stopping.abort();
  await once(response, 'close');
  socket.destroy();
});

test('a stream is the last reply of its connection', async () => {
  const agent = new Agent({ keepAlive: true });
  const asked = get({ port: port(), host: '127.0.0.1', path: '/_bakehouse/events', agent });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const { socket, headers } = response;
  expect(headers.connection).toBe('close');
  response.resume();
  stopping.abort();
  await once(socket, 'close');
  agent.destroy();
});

test('a client that is slower than the log is long has a gap, then what follows', async () => {
  const entries = readEvents(options(), {});
  await take(entries, 1);
  // All of it in one turn, in which the stream can send nothing.
  for (let each = 0; each < 2 * capacity; each += 1) log.append(eventOf(`i-${each}`), mine);
  const [gap] = await take(entries, 1);
  expect(gap).toEqual({ type: 'gap', position: `run-${2 * capacity}` });
  log.append(eventOf('i-after'), mine);
  expect(idsOf(await take(entries, 1))).toEqual(['i-after']);
  await entries.return();
});

test('a stream that has nothing to send shows that it lives, and ends with the server', async () => {
  const entries = readEvents({ ...options(), timeoutMs: 1_000 }, {});
  await take(entries, 1);
  const next = entries.next();
  // Longer than the client's limit on silence.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  stopping.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('a kind that has no events is refused with those that have', async () => {
  const refused = readEvents(options(), { kinds: ['accessKey'] }).next();
  await expect(refused).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: expect.stringContaining('instance'),
  });
});

test('an unknown parameter is refused, and streams are limited', async () => {
  const response = await fetch(`${options().endpoint}/_bakehouse/events?colour=red`);
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { __type: 'UnknownParameter' },
  ]);
  const leaving = new AbortController();
  const open = Array.from({ length: 32 }, () => readEvents(options(), {}, leaving.signal));
  for (const entries of open) await take(entries, 1);
  const further = readEvents(options(), {}).next();
  await expect(further).rejects.toMatchObject({ code: 'RequestLimitExceeded', status: 503 });
  leaving.abort();
});
