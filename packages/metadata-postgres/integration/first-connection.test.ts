import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Logger, silentLogger } from '@bakehouse/base';
import { startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openPostgresPlatform, type PostgresOptions } from '../src/index.ts';
import { PostgresClient } from '../src/postgres-client.ts';
import { openActiveStore } from './open-active.ts';
import { startProxy } from './proxy.ts';
import { startTlsProxy } from './tls-proxy.ts';

let postgres: TestPostgres;
let empty: string;
beforeAll(async () => {
  postgres = await startPostgres({ durable: false });
  empty = await mkdtemp(join(tmpdir(), 'bakehouse-no-socket-'));
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(empty, { recursive: true });
});

let url: string;
beforeEach(async () => {
  url = await postgres.createDatabase();
});

const urlOf = (port: number) => `postgres://someone@127.0.0.1:${port}/bakehouse`;

/** The URL of a TCP listener that does this with each connection. */
async function listening(onConnection: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    onConnection(socket.on('error', () => {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return urlOf((server.address() as AddressInfo).port);
}

const saying = (greeting: string) => () =>
  listening((socket) => socket.write(Buffer.from(greeting, 'latin1')));

async function httpServer(): Promise<string> {
  const http = createHttpServer();
  return listening((socket) => http.emit('connection', socket));
}

/** PostgreSQL offers no TLS on its Unix socket, to which the proxy leads. */
const withoutTls = async () => `${(await startProxy(url)).url}?sslmode=verify-full`;

/** Begins as its length says: with the right version that is a letter of PostgreSQL's messages. */
const mysqlGreeting = (version: string) =>
  `${String.fromCharCode(68 + version.length)}\0\0\0\n${version}\0${'.'.repeat(66)}\0`;

test.each([
  ['a server without the TLS that is asked for', withoutTls, /NO_TLS.*sslmode/],
  ['a web server', httpServer, /NOT_POSTGRES.*port/],
  [
    'a web server that is asked for TLS',
    async () => `${await httpServer()}?sslmode=verify-full`,
    /NOT_POSTGRES.*port/,
  ],
  ['SSH', saying('SSH-2.0-OpenSSH_9.2\r\n'), /NOT_POSTGRES.*port/],
  ['MySQL, like an unknown message', saying(mysqlGreeting('8.0.36')), /NOT_POSTGRES.*port/],
  ['MySQL, like a notice', saying(mysqlGreeting('5.7.44-log')), /NOT_POSTGRES.*port/],
  ['MariaDB, like a login', saying(mysqlGreeting('10.4.8-MariaDB')), /NOT_POSTGRES.*port/],
])('%s is for a person to correct: the start ends', async (_, at, why) => {
  await expect(openPostgresPlatform({ url: await at() })).rejects.toMatchObject({
    name: 'MetadataStoreError',
    message: expect.stringMatching(why),
  });
});

/** A candidate that waits; `tried` resolves when it has logged its first problem. */
async function waitingCandidate(options: PostgresOptions) {
  const tried = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  const log: Logger['log'] = (_level, _message, fields) => {
    errors.push(fields?.error);
    tried.resolve();
  };
  const platform = await openPostgresPlatform({ ...options, logger: { ...silentLogger, log } });
  const candidate = platform.candidate('');
  const ending = new AbortController();
  const elected = candidate.elected(ending.signal);
  elected.catch(() => {});
  onTestFinished(async () => {
    ending.abort(new Error('the test is over'));
    const { lease } = await elected.catch(() => ({ lease: undefined }));
    await lease?.release();
  });
  return { candidate, elected, tried: tried.promise, errors };
}

/** The URL of a listener that accepts nothing: its queue is full, so the system takes no further connection. */
async function fullQueue(): Promise<string> {
  const script = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, server.address().port + '\\n');
      process.kill(process.pid, 'SIGSTOP');
    });`;
  const listener = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    listener.kill('SIGKILL');
  });
  const [line] = await once(createInterface({ input: listener.stdout }), 'line');
  const port = Number(line);
  for (let queued = 0; queued < 4; queued += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => {
      socket.destroy();
    });
  }
  return urlOf(port);
}

test.each([
  [
    'a proxy without its database',
    () => listening((socket) => socket.destroy()),
    /CUT_OFF|ECONNRESET/,
  ],
  [
    'one that closes in order',
    () => listening((socket) => socket.once('data', () => socket.end())),
    /CUT_OFF.*proxy/,
  ],
  [
    'one that cannot start a process',
    () => listening((socket) => socket.end('Ecould not fork new process for connection\n\0')),
    /CUT_OFF/,
  ],
  [
    'one that closes after the TLS handshake',
    () => startTlsProxy(url, { inPlace: (session) => session.end() }),
    /CUT_OFF/,
  ],
  ['one that does not accept', fullQueue, /no connection was made in 5 s \(TIMED_OUT\)/],
  ['no socket', async () => `postgres:///any?host=${empty}`, /ENOENT.*start PostgreSQL/],
  ['a closed port', async () => urlOf(1), /nothing listens there/],
])('a server that is down (%s) is waited for; the first failure is logged', async (_, at, why) => {
  const options = { url: await at(), sessionLimitMs: 5_000 };
  const { candidate, tried, errors } = await waitingCandidate(options);
  await tried;
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(why) })]);
  expect(candidate.problem).toMatch(why);
});

test('what accepts connections and stays silent is waited for, but not for ever', async () => {
  let connections = 0;
  const silent = await listening(() => {
    connections += 1;
  });
  const { elected } = await waitingCandidate({ url: silent, sessionLimitMs: 100 });
  await expect(elected).rejects.toMatchObject({
    name: 'MetadataStoreError',
    message: expect.stringMatching(/no session in 0.6 s \(NO_SESSION.*correct the URL/),
  });
  expect(connections).toBe(2);
});

test('a proxy without its database, which closes each connection after a long silence, is waited for', async () => {
  let closed = 0;
  const enough = Promise.withResolvers<void>();
  const slow = await listening((socket) => {
    // Longer than the first try waits.
    const timer = setTimeout(() => {
      closed += 1;
      if (closed === 3) enough.resolve();
      socket.destroy();
    }, 600);
    socket.once('close', () => clearTimeout(timer));
  });
  const { candidate, elected } = await waitingCandidate({ url: slow, sessionLimitMs: 300 });
  await Promise.race([enough.promise, elected]);
  expect(candidate.problem).toMatch(/NO_SESSION|CUT_OFF|ECONNRESET/);
});

test('a server that is silent at times is waited for: its tries are not counted together', async () => {
  let connections = 0;
  const enough = Promise.withResolvers<void>();
  const moody = await listening((socket) => {
    connections += 1;
    if (connections === 14) enough.resolve();
    if (connections % 2 === 0) socket.destroy();
  });
  const { candidate, elected } = await waitingCandidate({ url: moody, sessionLimitMs: 100 });
  await Promise.race([enough.promise, elected]);
  expect(candidate.problem).toMatch(/NO_SESSION|CUT_OFF|ECONNRESET/);
});

test('a mistake that shows only when a server that was down is back ends the wait', async () => {
  const proxy = await startProxy(url);
  proxy.judge(() => 'cut');
  const options = { url: `${proxy.url}?sslmode=verify-full` };
  const { candidate, elected, tried } = await waitingCandidate(options);
  await tried;
  expect(candidate.problem).toMatch(/CUT_OFF|ECONNRESET/);
  proxy.judge(() => 'pass');
  await expect(elected).rejects.toMatchObject({
    name: 'MetadataStoreError',
    message: expect.stringMatching(/NO_TLS/),
  });
});

test.each([
  ['a known certificate', (given: string) => given],
  [
    'a certificate that nobody checks',
    (given: string) => given.replace(/\?.*/, '?sslmode=require'),
  ],
])('a server with TLS and %s is used', async (_, by) => {
  await (await openActiveStore({ url: by(await startTlsProxy(url)) })).close();
});

test('a query without a reply in time is lost with its connection, as are those behind it', async () => {
  const client = await PostgresClient.connect({ url, name: 'test' }, { queryMs: 2_000 });
  const sent = [client.run('SELECT pg_sleep(60)'), client.query({ text: 'SELECT 1' })];
  for (const outcome of await Promise.allSettled(sent)) {
    expect(outcome).toMatchObject({ reason: { name: 'ConnectionLost', code: 'TIMED_OUT' } });
  }
  expect(client.isLost).toBe(true);
});
