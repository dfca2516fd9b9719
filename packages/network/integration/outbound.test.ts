import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { endConversations, freeHostPort, hello, serve } from './talk.ts';
import {
  allOut,
  type Guest,
  ip,
  policyOf,
  type TestPlatform,
  testPlatform,
} from './test-platform.ts';

/** Another namespace is "the outside", so nothing here leaves the machine. */
const tag = randomBytes(2).toString('hex');
const outside = `bht-${tag}-outside`;
const uplink = `bht-${tag}-out`;
/** 8 addresses, mostly other than those of a run beside this one. */
const first = 8 * randomInt(32);
const addressAt = (index: number) => `203.0.113.${first + index}`;
const hostAddress = addressAt(1);
const outsideAddress = addressAt(2);
const outsideEnter = ['nsenter', `--net=/run/netns/${outside}`, '--'];

let platform: TestPlatform;
let guest: Guest;

beforeAll(async () => {
  platform = await testPlatform({
    outbound: true,
    uplinks: [uplink],
    resolvers: [outsideAddress, addressAt(3)],
  });
  await platform.run(['ip', 'netns', 'add', outside]);
  const peer = ['peer', 'name', 'eth0', 'netns', outside];
  await platform.run(['ip', 'link', 'add', uplink, 'type', 'veth', ...peer]);
  await platform.run(['ip', 'addr', 'add', `${hostAddress}/29`, 'dev', uplink]);
  await platform.run(['ip', 'link', 'set', uplink, 'up']);
  await ip(outside, [
    'link set lo up',
    'link set eth0 up',
    `address add ${outsideAddress}/29 dev eth0`,
  ]);
  const names = ['--no-resolv', '--no-hosts', '--address=/example.test/203.0.113.9'];
  const server = ['dnsmasq', '--keep-in-foreground', '--pid-file=', ...names];
  const [command = '', ...args] = [...outsideEnter, ...server];
  spawn(command, args, { stdio: 'ignore' });
  await serve({ enter: outsideEnter, protocol: 'tcp', address: '0.0.0.0', port: 80 });
  await platform.network.open();
  guest = await platform.guest(platform.nic(10));
  await platform.network.applyPolicy(policyOf([[guest, [allOut]]]));
  await platform.network.settled();
});

afterAll(async () => {
  endConversations();
  await platform.dispose();
  const pids = await platform.run(['ip', 'netns', 'pids', outside]);
  for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
  await platform.run(['ip', 'netns', 'delete', outside]);
  await platform.run(['ip', 'link', 'delete', uplink]).catch(() => {});
});

const callOut = (port = 80, address = outsideAddress) =>
  hello({ enter: guest.enter, protocol: 'tcp', address, port });
const forwarding = () => readFile(`/proc/sys/net/ipv4/conf/${uplink}/forwarding`, 'utf8');

test('a guest reaches the outside with an address of the host', async () => {
  expect(await callOut()).toBe(`heard ${hostAddress} hello`);
  expect((await forwarding()).trim()).toBe('1');
});

test("a guest's outbound traffic is subject to its groups", async () => {
  const onlyDns = { ...allOut, protocol: 'udp', fromPort: 53, toPort: 53 } as const;
  await platform.network.applyPolicy(policyOf([[guest, [onlyDns]]]));
  expect(await callOut()).toMatch(/^failed/);
  await platform.network.applyPolicy(policyOf([[guest, [allOut]]]));
  expect(await callOut()).toMatch(/^heard/);
});

test("the host's own services cannot be reached at any of its addresses", async () => {
  const port = await freeHostPort();
  await serve({ enter: [], protocol: 'tcp', address: '0.0.0.0', port });
  const fromOutside = { enter: outsideEnter, protocol: 'tcp', address: hostAddress } as const;
  expect(await hello({ ...fromOutside, port })).toMatch(/^heard/);
  expect(await callOut(port, hostAddress)).toMatch(/^failed/);
});

test('the outside reaches no guest, even with a route to it', async () => {
  await platform.network.applyPolicy(
    policyOf([[guest, [allOut, { ...allOut, direction: 'ingress' }]]]),
  );
  await serve({ enter: guest.enter, protocol: 'tcp', address: '0.0.0.0', port: 22 });
  await ip(outside, [
    `route add 240.0.0.0/4 via ${hostAddress}`,
    `route add 127.128.0.0/9 via ${hostAddress}`,
  ]);
  const transit = (guest.nic.publicIp ?? '').replace(/^127/, '240');
  const reach = { enter: outsideEnter, protocol: 'tcp', port: 22 } as const;
  expect(await hello({ ...reach, address: transit })).toMatch(/^failed/);
  expect(await hello({ ...reach, enter: [], address: guest.nic.publicIp ?? '' })).toMatch(/^heard/);
});

test('names are resolved by the resolvers that answer', async () => {
  const command = 'busybox nslookup -type=a "$0" 169.254.169.253; true';
  const lookUp = (name: string) => platform.run([...guest.enter, 'sh', '-c', command, name]);
  expect(await lookUp('example.test')).toContain('203.0.113.9');
  expect(await lookUp('ip-172-31-0-10.ec2.internal')).toContain('172.31.0.10');
});

test('outbound traffic can be switched off, which restores the settings of the host', async () => {
  const { device } = platform;
  const off = new LinuxNetwork({ ...platform.options, outbound: false }, { device });
  await off.open();
  expect(await callOut()).toMatch(/^failed/);
  expect((await forwarding()).trim()).toBe('0');
  await platform.network.open();
  expect(await callOut()).toMatch(/^heard/);
  await platform.network.destroy();
  expect((await forwarding()).trim()).toBe('0');
});
