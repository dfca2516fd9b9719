import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type Logger, silentLogger } from '@bakehouse/base';
import type { InstanceMetadata, MetadataPublisher } from '@bakehouse/domain';
import { someMetadata } from '@bakehouse/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AgentOptions, createAgent } from '../src/agent.ts';
import { createMetadataPublisher } from '../src/index.ts';

/** Guests are addresses of the loopback network here: the agent distinguishes them by address, as in a namespace. */
const guest = '127.0.0.11';
const other = '127.0.0.12';
const stranger = '127.0.0.13';

let directory: string;
let publisher: MetadataPublisher;
let agent: Server;
const logged: string[] = [];
const logger: Logger = {
  ...silentLogger,
  log: (_, message, fields) => logged.push(`${message} ${inspect(fields)}`),
};

async function startAgent(limits: NonNullable<AgentOptions['limits']> = {}): Promise<Server> {
  const server = createAgent({
    documents: join(directory, 'documents'),
    tokenKey: randomBytes(32),
    now: () => Date.now(),
    logger,
    limits,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bakehouse-imds-'));
  publisher = await createMetadataPublisher({ directory });
  agent = await startAgent();
});
afterAll(async () => {
  agent.close();
  agent.closeAllConnections();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  logged.length = 0;
  await publish(guest, 'i-0000000000000000a');
  await publish(other, 'i-0000000000000000b');
});

async function publish(
  privateIp: string,
  instanceId: InstanceMetadata['instanceId'],
  given: Partial<InstanceMetadata> = {},
) {
  await publisher.publish(
    someMetadata({ instanceId, privateIp, httpTokens: 'optional', ...given }),
  );
}

function connect(from: string, server = agent): Socket {
  const { port } = server.address() as AddressInfo;
  return createConnection({ host: '127.0.0.1', port, localAddress: from });
}

/** Everything received until the agent closes the connection. */
async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => {});
  // Not `once`: it rejects when the client sees a closed connection as an error.
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return text;
}

/** Sends raw bytes and gives the reply. */
async function say(bytes: string | Buffer, from = guest, server = agent): Promise<string> {
  const socket = connect(from, server);
  socket.write(bytes);
  return await received(socket);
}

const ask = (line: string, headers: readonly string[] = [], from = guest) =>
  say(`${line} HTTP/1.1\r\n${['Host: x', ...headers].join('\r\n')}\r\n\r\n`, from);
const statusOf = (reply: string) => Number(reply.split(' ', 2)[1]);
const bodyOf = (reply: string) => reply.slice(reply.indexOf('\r\n\r\n') + 4);
const ttl = 'X-aws-ec2-metadata-token-ttl-seconds';
const token = async (from = guest) =>
  bodyOf(await ask('PUT /latest/api/token', [`${ttl}: 60`], from));

describe('the caller', () => {
  test('is identified by its address: each guest reads its own metadata', async () => {
    expect(bodyOf(await ask('GET /latest/meta-data/instance-id'))).toBe('i-0000000000000000a');
    const reply = await ask('GET /latest/meta-data/instance-id', [], other);
    expect(bodyOf(reply)).toBe('i-0000000000000000b');
  });

  test('gets no byte when it has no instance', async () => {
    expect(await ask('GET /latest/meta-data/', [], stranger)).toBe('');
    expect(await ask('PUT /latest/api/token', [`${ttl}: 60`], stranger)).toBe('');
  });

  test('is not identified by headers', async () => {
    const headers = [`X-Forwarded-For: ${other}`, `Forwarded: for=${other}`, 'Host: 127.0.0.12'];
    const reply = await ask('GET /latest/meta-data/instance-id', headers);
    expect(bodyOf(reply)).toBe('i-0000000000000000a');
  });

  test('gets no token through a proxy', async () => {
    const headers = [`${ttl}: 60`, 'X-Forwarded-For: 10.0.0.1'];
    expect(statusOf(await ask('PUT /latest/api/token', headers))).toBe(403);
  });
});

describe('a token', () => {
  test('of another instance is refused', async () => {
    const theirs = await token(other);
    const header = `X-aws-ec2-metadata-token: ${theirs}`;
    expect(statusOf(await ask('GET /latest/meta-data/', [header], other))).toBe(200);
    expect(statusOf(await ask('GET /latest/meta-data/', [header]))).toBe(401);
  });

  test.each([
    ['huge', 'A'.repeat(7000)],
    ['empty', ''],
    ['binary', '\xff\xfe'],
    ['two', 'a\r\nX-aws-ec2-metadata-token: b'],
  ])('that is %s is refused', async (_, value) => {
    const reply = await ask('GET /latest/meta-data/', [`X-aws-ec2-metadata-token: ${value}`]);
    expect(statusOf(reply)).toBe(401);
  });

  test('is needed by every request when it is required, whatever the path', async () => {
    await publish(guest, 'i-0000000000000000a', { httpTokens: 'required' });
    for (const path of ['/', '/latest', '/latest/meta-data/ami-id', '/latest/user-data', '/none']) {
      expect(statusOf(await ask(`GET ${path}`))).toBe(401);
    }
    const header = `X-aws-ec2-metadata-token: ${await token()}`;
    expect(statusOf(await ask('GET /latest/meta-data/ami-id', [header]))).toBe(200);
  });
});

describe('malformed requests', () => {
  test.each([
    ['noise', randomBytes(4096)],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a bad version', 'GET / HTTP/9.9\r\n\r\n'],
    ['two lengths', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'length and chunks',
      'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s: refused', async (_, bytes) => {
    const reply = await say(bytes);
    expect(reply === '' || statusOf(reply) === 400).toBe(true);
    expect(bodyOf(reply)).toBe('');
  });

  test('endless headers are refused', async () => {
    const reply = await say(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}`);
    expect(reply === '' || statusOf(reply) === 431).toBe(true);
  });

  test('a method that is not served is refused', async () => {
    for (const method of ['POST', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']) {
      expect(statusOf(await ask(`${method} /latest/meta-data/`))).toBe(405);
    }
    expect(await ask('CONNECT 127.0.0.12:80')).toBe('');
  });
});

describe('slow guests', () => {
  test('a request that arrives a byte at a time is closed', async () => {
    const server = await startAgent({ headersMs: 200, connectionMs: 60_000 });
    const socket = connect(guest, server);
    const drip = setInterval(() => socket.write('a'), 50);
    socket.write('GET / HTTP/1.1\r\nX: ');
    const reply = await received(socket);
    clearInterval(drip);
    server.close();
    expect(statusOf(reply)).toBe(408);
  });

  test('a silent connection and an endless body are closed', async () => {
    const server = await startAgent({ connectionMs: 300 });
    const silent = connect(guest, server);
    await received(silent);
    const head = 'PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n';
    const reply = await say(`${head}${ttl}: 60\r\n\r\n`, guest, server);
    server.close();
    expect(statusOf(reply)).toBe(200);
  });

  test('one guest that uses all its connections does not block another', async () => {
    const server = await startAgent({ connectionsPerAddressMax: 4 });
    const held = Array.from({ length: 4 }, () => connect(guest, server));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const path = 'GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: x\r\n\r\n';
    expect(await say(path, guest, server)).toBe('');
    expect(bodyOf(await say(path, other, server))).toBe('i-0000000000000000b');
    held[0]?.destroy();
    await expect
      .poll(async () => bodyOf(await say(path, guest, server)))
      .toBe('i-0000000000000000a');
    for (const socket of held) socket.destroy();
    server.close();
  });
});

describe('a connection carries one reply, as its first bytes decide its hop limit', () => {
  const get = 'GET /latest/meta-data/ami-id HTTP/1.1\r\nHost: x\r\n\r\n';
  const put = `PUT /latest/api/token HTTP/1.1\r\nHost: x\r\n${ttl}: 60\r\n\r\n`;
  const count = (reply: string) => reply.split('HTTP/1.1 ').length - 1;

  test('requests after the first get no reply', async () => {
    for (const bytes of [get + put, get.repeat(20) + put, put + get]) {
      const reply = await say(bytes);
      expect(count(reply)).toBe(1);
      expect(reply).toContain('Connection: close');
    }
  });

  test('a reply to PUT starts with its hop limit, and no other reply has one', async () => {
    await publish(guest, 'i-0000000000000000a', { httpPutResponseHopLimit: 7 });
    expect(await say(put)).toMatch(/^HTTP\/1.1 200 OK\r\nX-Hop-Limit: 07\r\n/);
    expect(await ask('PUT /latest/api/token')).toMatch(
      /^HTTP\/1.1 400 Bad Request\r\nX-Hop-Limit: 07\r\n/,
    );
    for (const path of ['/latest/meta-data/ami-id', '/none', '/latest/api/token']) {
      expect(await ask(`GET ${path}`)).toMatch(/^HTTP\/1.1 \d+ [\w ]+\r\nServer: EC2ws\r\n/);
    }
  });

  test.each([
    ['bytes after a PUT', `${put}\x00garbage`],
    ['a PUT with Expect: 100-continue', put.replace('Host: x', 'Host: x\r\nExpect: 100-continue')],
    ['a PUT with an unknown expectation', put.replace('Host: x', 'Host: x\r\nExpect: more')],
  ])('%s: the first bytes are the same', async (_, bytes) => {
    const reply = await say(bytes);
    expect(reply === '' || /^HTTP\/1.1 \d+ [\w ]+\r\nX-Hop-Limit: /.test(reply)).toBe(true);
  });
});

describe('faults', () => {
  test('a damaged document fails its own guest only; the log names it without its content', async () => {
    await writeFile(join(directory, 'documents', `${guest}.json`), '{"a":c2VjcmV0}');
    expect(statusOf(await ask('GET /latest/meta-data/'))).toBe(500);
    expect(statusOf(await ask('GET /latest/meta-data/', [], other))).toBe(200);
    expect(logged.length).toBe(1);
    expect(logged[0]).toContain('cannot reply to a guest');
    expect(logged[0]).not.toContain('c2VjcmV0');
  });

  test('a change is visible to the next request', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await publish(guest, 'i-0000000000000000a', {
        tags: { Name: name },
        instanceMetadataTags: 'enabled',
      });
      expect(bodyOf(await ask('GET /latest/meta-data/tags/instance/Name'))).toBe(name);
    }
  });

  test('HEAD has the length and no body; HTTP/1.0 is served', async () => {
    const head = await ask('HEAD /latest/meta-data/instance-id');
    expect(head).toContain('Content-Length: 19');
    expect(bodyOf(head)).toBe('');
    const old = await say('GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n');
    expect(bodyOf(old)).toBe('i-0000000000000000a');
  });
});
