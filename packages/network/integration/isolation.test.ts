import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Conversation, endConversations, freeHostPort, hear, hello, serve } from './talk.ts';
import {
  allOut,
  type Guest,
  ip,
  policyOf,
  type TestPlatform,
  testPlatform,
} from './test-platform.ts';

const rawFrames = fileURLToPath(new URL('./raw-frames.py', import.meta.url));

let platform: TestPlatform;
let mallory: Guest;
let bob: Guest;
let bobHears: Conversation;

/** Both may send each other everything, so whatever is refused here is refused by its source. */
beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
  mallory = await platform.guest(platform.nic(10));
  bob = await platform.guest(platform.nic(11));
  const open = [allOut, { ...allOut, direction: 'ingress' }] as const;
  await platform.network.applyPolicy(
    policyOf([
      [mallory, open],
      [bob, open],
    ]),
  );
  bobHears = await serve({ enter: bob.enter, protocol: 'udp', address: '0.0.0.0', port: 9 });
  const metadata = { protocol: 'tcp', address: '169.254.169.254', port: 80 } as const;
  const time = { protocol: 'udp', address: '169.254.169.123', port: 123 } as const;
  for (const service of [metadata, time]) {
    await serve({ ...service, enter: platform.network.enter() });
  }
});

afterAll(async () => {
  endConversations();
  await platform?.dispose();
});

const greet = (from?: string) =>
  hello({
    enter: mallory.enter,
    protocol: 'udp',
    address: bob.nic.privateIp,
    port: 9,
    ...(from !== undefined && { from }),
  });
const metadata = (guest: Guest, from?: string) =>
  hello({
    enter: guest.enter,
    protocol: 'tcp',
    address: '169.254.169.254',
    port: 80,
    ...(from !== undefined && { from }),
  });

const askTime = (guest: Guest, port = 123) =>
  hello({ enter: guest.enter, protocol: 'udp', address: '169.254.169.123', port });

/** The address by which the metadata agent knows the guest. */
const known = ({ nic }: Guest) => platform.network.guestAddress(nic.nicId);

describe('a guest', () => {
  test('is heard under its own address', async () => {
    expect(await greet()).toBe(`heard ${mallory.nic.privateIp} hello`);
    expect(await bobHears.next()).toBe(`got ${mallory.nic.privateIp}`);
  });

  test.each([
    ['a free address', '172.31.0.99'],
    ['an address of the world', '203.0.113.7'],
    ['the router', '172.31.0.1'],
  ])('is not heard as %s', async (_, address) => {
    await ip(mallory.namespace, [`address add ${address}/32 dev lo`]);
    expect(await greet(address)).toMatch(/^failed/);
    await ip(mallory.namespace, [`address delete ${address}/32 dev lo`]);
    await greet();
    expect(await bobHears.next()).toBe(`got ${mallory.nic.privateIp}`);
  });

  test('is not heard with another MAC', async () => {
    await ip(mallory.namespace, ['link set eth0 address 0e:00:00:00:00:77']);
    expect(await greet()).toMatch(/^failed/);
    await ip(mallory.namespace, [
      `link set eth0 address ${mallory.nic.macAddress}`,
      'route replace default via 172.31.0.1',
    ]);
    expect(await greet()).toMatch(/^heard/);
    expect(await bobHears.next()).toBe(`got ${mallory.nic.privateIp}`);
  });

  test("cannot inject data into another's datagram by fragments", async () => {
    const carol = await platform.guest(platform.nic(21));
    const open = [allOut, { ...allOut, direction: 'ingress' }] as const;
    const guests = [mallory, bob, carol];
    await platform.network.applyPolicy(policyOf(guests.map((guest) => [guest, open])));
    const hears = await hear({ enter: carol.enter, protocol: 'udp', address: '0.0.0.0', port: 9 });
    const send = async (from: Guest, offset: number, text: string) => {
      const link = await platform.run([...bob.enter, 'ip', 'neigh', 'show', '172.31.0.1']);
      const router = /lladdr (\S+)/.exec(link)?.[1] ?? '';
      const addresses = [bob.nic.privateIp, carol.nic.privateIp];
      const argv = ['fragment', from.nic.macAddress, router, ...addresses, `${offset}`, text];
      await platform.run([...from.enter, '/usr/bin/python3', rawFrames, ...argv]);
    };
    // As bob, inside bob's datagram; then bob's own two parts.
    await send(mallory, 16, 'EVILEVIL');
    await send(bob, 0, 'bob says');
    await send(bob, 16, ' goodbye');
    expect(await hears.next()).toBe('heard bob says goodbye');
    await platform.network.unplug(carol.nic.nicId);
  });

  test("cannot draw a neighbour's address to itself by ARP", async () => {
    const { macAddress } = mallory.nic;
    const argv = [...mallory.enter, '/usr/bin/python3', rawFrames, 'arp', macAddress];
    await platform.run([...argv, bob.nic.privateIp]);
    await platform.run([...argv, '172.31.0.50']);
    await greet();
    const known = await platform.run([...platform.enterVpc(mallory.nic), 'ip', 'neigh', 'show']);
    const claims = known.split('\n').filter((line) => line.includes(macAddress));
    expect(claims.map((line) => line.split(' ')[0])).toEqual([mallory.nic.privateIp]);
  });

  test("reads its own metadata and never another's", async () => {
    expect(await metadata(bob)).toBe(`heard ${known(bob)} hello`);
    expect(await metadata(mallory)).toBe(`heard ${known(mallory)} hello`);
    await ip(mallory.namespace, [`address add ${bob.nic.privateIp}/32 dev lo`]);
    expect(await metadata(mallory, bob.nic.privateIp)).toMatch(/^failed/);
    await ip(mallory.namespace, [`address delete ${bob.nic.privateIp}/32 dev lo`]);
  });

  test('reaches the time service, and no other port of it', async () => {
    expect(await askTime(bob)).toBe(`heard ${known(bob)} hello`);
    expect(await askTime(bob, 80)).toMatch(/^failed/);
  });

  test('reaches its metadata and the time without any group', async () => {
    const alone = await platform.guest(platform.nic(20));
    expect(await metadata(alone)).toBe(`heard ${known(alone)} hello`);
    expect(await askTime(alone)).toBe(`heard ${known(alone)} hello`);
    await platform.network.unplug(alone.nic.nicId);
  });

  test('is offered an address for its own hardware address only', async () => {
    const discover = (chaddr: string) =>
      platform.run([...mallory.enter, '/usr/bin/python3', rawFrames, 'discover', chaddr]);
    expect(await discover(mallory.nic.macAddress)).toBe(`offer ${mallory.nic.privateIp}\n`);
    expect(await discover(bob.nic.macAddress)).toBe('silence\n');
    const inParts = (chaddr: string, source: string) => {
      const argv = ['asked-in-parts', chaddr, mallory.nic.macAddress, source];
      return platform.run([...mallory.enter, '/usr/bin/python3', rawFrames, ...argv]);
    };
    const { privateIp } = mallory.nic;
    expect(await inParts(mallory.nic.macAddress, privateIp)).toBe(`offer ${privateIp}\n`);
    expect(await inParts(bob.nic.macAddress, privateIp)).toBe('silence\n');
    expect(await inParts(bob.nic.macAddress, '0.0.0.0')).toBe('silence\n');
  });

  test('reaches no other service of the namespace, and none of the host', async () => {
    await serve({ enter: platform.network.enter(), protocol: 'tcp', address: '0.0.0.0', port: 81 });
    const inside = await hello({
      enter: platform.network.enter(),
      protocol: 'tcp',
      address: '169.254.169.254',
      port: 81,
    });
    expect(inside).toMatch(/^heard/);
    const hostPort = await freeHostPort();
    await serve({ enter: [], protocol: 'tcp', address: '0.0.0.0', port: hostPort });
    const links = await platform.run(['ip', '-4', 'addr', 'show', `${platform.options.name}-up`]);
    const hostAddress = /inet ([\d.]+)/.exec(links)?.[1] ?? '';
    const attempts: [string, number][] = [
      ['169.254.169.254', 81],
      ['172.31.0.1', 81],
      [hostAddress, hostPort],
      [hostAddress.replace(/\d+$/, (last) => `${Number(last) + 1}`), 81],
    ];
    for (const [address, port] of attempts) {
      const answer = await hello({ enter: mallory.enter, protocol: 'tcp', address, port });
      expect(answer, `${address}:${port}`).toMatch(/^failed/);
    }
    const own = await hello({ enter: [], protocol: 'tcp', address: hostAddress, port: hostPort });
    expect(own).toMatch(/^heard/);
  });

  test('speaks IPv4 only', async () => {
    await ip(mallory.namespace, ['address add fd00::10/64 dev eth0 nodad']);
    await ip(bob.namespace, ['address add fd00::11/64 dev eth0 nodad']);
    const argv = [...mallory.enter, 'busybox', 'ping', '-6', '-c', '1', '-W', '1', 'fd00::11'];
    await expect(platform.run(argv)).rejects.toThrow('ping');
  });
});

test('a public address that no instance has does not lead to a service of the host', async () => {
  const port = await freeHostPort();
  await serve({ enter: [], protocol: 'tcp', address: '0.0.0.0', port });
  const address = platform.nic(200).publicIp ?? '';
  const answer = await hello({ enter: [], protocol: 'tcp', address, port });
  expect(answer).toContain('No route to host');
});
