import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { someMetadata } from '@bakehouse/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestNamespaces, testNamespaces } from './test-namespaces.ts';

const root = 'http://169.254.169.254';
const askToken = ['-X', 'PUT', '-H', 'X-aws-ec2-metadata-token-ttl-seconds: 60'];
const tokenUrl = `${root}/latest/api/token`;

let world: TestNamespaces;
let one: string;
let two: string;
beforeAll(async () => {
  world = await testNamespaces();
  one = await world.guest('172.31.0.10');
  two = await world.guest('172.31.0.11');
});
afterAll(() => world?.dispose());

const bodyOf = (reply: string) => reply.slice(reply.indexOf('\r\n\r\n') + 4);
const first = (given = {}) =>
  someMetadata({ instanceId: 'i-0000000000000000a', httpTokens: 'required', ...given });
const second = (given = {}) =>
  someMetadata({ instanceId: 'i-0000000000000000b', privateIp: '172.31.0.11', ...given });

async function get(namespace: string, path: string): Promise<string> {
  const token = bodyOf(await world.curl(namespace, ...askToken, tokenUrl));
  const header = `X-aws-ec2-metadata-token: ${token}`;
  return bodyOf(await world.curl(namespace, '-H', header, `${root}${path}`));
}

test('each guest reads its own metadata, with its own token', async () => {
  await world.publisher.publish(first());
  await world.publisher.publish(second());
  expect(await get(one, '/latest/meta-data/instance-id')).toBe('i-0000000000000000a');
  expect(await get(two, '/latest/meta-data/instance-id')).toBe('i-0000000000000000b');
  const theirs = bodyOf(await world.curl(two, ...askToken, tokenUrl));
  const header = `X-aws-ec2-metadata-token: ${theirs}`;
  expect(await world.curl(one, '-H', header, `${root}/latest/meta-data/`)).toContain(' 401 ');
  expect(await world.curl(one, `${root}/latest/meta-data/`)).toContain(' 401 ');
});

describe('a compromised agent', () => {
  test("has none of root's rights and cannot gain any", async () => {
    const status = await readFile(`/proc/${world.agentPid}/status`, 'utf8');
    const of = (name: string) =>
      new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
    const { gid } = await stat(join(world.directory, 'documents'));
    expect(gid).toBeGreaterThan(0x7000_0000);
    expect(of('Uid')).toEqual(Array(4).fill(`${gid}`));
    expect(of('Gid')).toEqual(Array(4).fill(`${gid}`));
    expect(of('Groups')).toEqual(['']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
      expect(BigInt(`0x${of(set)[0]}`), set).toBe(0n);
    }
    expect(of('NoNewPrivs')).toEqual(['1']);
  });

  test('sees no file of the host, and only those documents whose names it knows', async () => {
    await world.publisher.publish(first());
    const { directory } = world;
    const own = '172.31.0.10.json';
    const actions = [
      `read ${own}`,
      'list /',
      'list /etc',
      'list /proc',
      'read ../token-key',
      'list .',
    ];
    const [document = '', root = '', ...rest] = await world.asAgent([
      ...actions,
      `write ${own}`,
      `read ${join(directory, 'token-key')}`,
      `list ${directory}`,
    ]);
    expect(document).toContain('i-0000000000000000a');
    expect(root).toContain('etc');
    expect(rest).toEqual([
      'list /etc: ',
      'list /proc: ',
      'read ../token-key: PermissionError',
      'list .: PermissionError',
      `write ${own}: PermissionError`,
      `read ${join(directory, 'token-key')}: FileNotFoundError`,
      `list ${directory}: FileNotFoundError`,
    ]);
  });
});

test("the agent holds no other platform's namespace", async () => {
  const mounted = () => readFile(`/proc/${world.agentPid}/mountinfo`, 'utf8');
  const other = await world.guest('172.31.0.13');
  expect(await mounted()).toContain(`/netns/${other} `);
  await world.remove(other);
  expect(await mounted()).not.toContain(`/netns/${other} `);
});

test('an address without an instance gets no reply', async () => {
  const stranger = await world.guest('172.31.0.12');
  await expect(world.curl(stranger, `${root}/latest/meta-data/`)).rejects.toThrow();
  await expect(world.curl(stranger, ...askToken, tokenUrl)).rejects.toThrow();
});

test('a published change is visible at once, and withdrawn metadata is gone at once', async () => {
  const tagged = { instanceMetadataTags: 'enabled', httpTokens: 'optional' } as const;
  for (const name of ['a', 'b']) {
    await world.publisher.publish(second({ ...tagged, tags: { Name: name } }));
    expect(await get(two, '/latest/meta-data/tags/instance/Name')).toBe(name);
  }
  await world.publisher.publish(second({ httpEndpoint: 'disabled' }));
  expect(await world.curl(two, ...askToken, tokenUrl)).toContain(' 403 ');
  await world.publisher.withdraw('i-0000000000000000b');
  await expect(world.curl(two, `${root}/latest/meta-data/`)).rejects.toThrow();
});

test('a token travels as many hops as the limit allows; other replies travel further', async () => {
  const container = await world.container(one);
  const limited = (httpPutResponseHopLimit: number) =>
    world.publisher.publish(first({ httpTokens: 'optional', httpPutResponseHopLimit }));

  await limited(1);
  expect(await get(one, '/latest/meta-data/instance-id')).toBe('i-0000000000000000a');
  await expect(world.curl(container, ...askToken, tokenUrl)).rejects.toThrow(/timed out/);
  const plain = await world.curl(container, `${root}/latest/meta-data/instance-id`);
  expect(bodyOf(plain)).toBe('i-0000000000000000a');
  // A request with a body or an expectation must not bypass the limit.
  const expecting = [...askToken, '-H', 'Expect: 100-continue', '-d', 'x', tokenUrl];
  await expect(world.curl(container, ...expecting)).rejects.toThrow(/timed out/);

  await limited(2);
  expect(await world.curl(container, ...askToken, tokenUrl)).toContain(' 200 OK');
  const further = await world.container(container);
  await expect(world.curl(further, ...askToken, tokenUrl)).rejects.toThrow(/timed out/);
  await limited(64);
  expect(await world.curl(further, ...askToken, tokenUrl)).toContain(' 200 OK');
});

test('tokens requested over one source port keep their limit', async () => {
  const container = await world.container(one);
  const optional = { httpTokens: 'optional', httpPutResponseHopLimit: 1 } as const;
  await world.publisher.publish(first(optional));
  // The same source port, first for an unlimited reply and then for a token.
  const port = ['--local-port', '45678'];
  const plain = await world.curl(one, ...port, `${root}/latest/meta-data/instance-id`);
  expect(plain).toContain(' 200 OK');
  await expect(world.curl(container, ...port, ...askToken, tokenUrl)).rejects.toThrow(/timed out/);
});

test('a guest reads the time of the host by NTP', async () => {
  const ask = [
    'import socket, struct, sys, time',
    'client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)',
    'client.settimeout(5)',
    'client.sendto(b"\\x23" + 47 * b"\\0", ("169.254.169.123", 123))',
    'reply = client.recv(100)',
    'print(reply[0], struct.unpack("!I", reply[40:44])[0] - 2208988800 - time.time())',
  ];
  const [first, ahead] = (await world.python(one, ask.join('\n'))).trim().split(' ').map(Number);
  // In sync, version 4, from a server.
  expect(first).toBe(0b00_100_100);
  expect(Math.abs(ahead ?? Number.NaN)).toBeLessThan(5);
});
