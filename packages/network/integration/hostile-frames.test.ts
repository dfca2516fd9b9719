import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Conversation, endConversations, hello, runScript, serve } from './talk.ts';
import { allOut, type Guest, policyOf, type TestPlatform, testPlatform } from './test-platform.ts';

const program = fileURLToPath(new URL('./hostile-frames.py', import.meta.url));

const toBob = 'its own address (a control)';
/** What is seen, and by whom. */
const controls: Readonly<Record<string, string>> = {
  [toBob]: 'the other guest',
  'priority tag, VLAN 0 (a control: no VLAN)': 'the other guest',
  'to the public address of another VPC (a control)': 'the router, the guest of the other VPC',
};
/** Fragments and ARP are in isolation.test.ts: there is nothing to see of one fragment, or of a reply that nobody asked for. */
const attempts = [
  'VLAN 1',
  'VLAN 100 within VLAN 1',
  "VLAN 1 with another's address",
  "straight to the other's MAC",
  'as broadcast',
  'as multicast',
  "another's MAC",
  "another's address",
  "another's address and MAC",
  "the router's address",
  'an address of the world',
  '127.0.0.1',
  'its own public address on the wire',
  'IPv6 router advertisement',
  'IPv6 neighbour solicitation',
  'IPv6 neighbour advertisement',
  'IPv6 UDP to the other',
  'IPv6 DHCP reply',
  'IPv6 within IPv4',
  'an unknown protocol',
  'LLDP and spanning tree',
  "a DHCP server's reply",
  "to the other VPC's guest by its private address",
  "to the host's end of the link",
  "to the router's end of the link",
  "to the router's address for VPCs",
  "to another VPC's link",
  'to another guest as metadata knows it',
  'to another port of the metadata address',
  'to metadata as another',
  "to the host's 127.0.0.1",
];

let platform: TestPlatform;
let mallory: Guest;
let bob: Guest;
let carol: Guest;
let twin: Guest;

/** All may send each other everything, so what is refused is refused by the network. The twin's VPC has the same range. */
beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
  mallory = await platform.guest(platform.nic(10));
  bob = await platform.guest(platform.nic(11));
  carol = await platform.guest(platform.nic(12));
  const vpcId = 'vpc-0123456789abcdef9';
  twin = await platform.guest(platform.nic(13, { vpcId, privateIp: '172.31.0.99' }));
  const open = [allOut, { ...allOut, direction: 'ingress' }] as const;
  const guests = [mallory, bob, carol, twin];
  await platform.network.applyPolicy(policyOf(guests.map((guest) => [guest, open])));
});

afterAll(async () => {
  endConversations();
  await platform?.dispose();
});

const transitOf = ({ nic }: Guest) => (nic.publicIp ?? '').replace(/^127/, '240');

/** The addresses that the frames are made of. */
async function places(): Promise<string[]> {
  await serve({ enter: bob.enter, protocol: 'udp', address: '0.0.0.0', port: 7 });
  const greeting = { enter: mallory.enter, protocol: 'udp', port: 7 } as const;
  expect(await hello({ ...greeting, address: bob.nic.privateIp })).toMatch(/^heard/);
  // The router has every address of the subnet to its guests.
  const neighbours = await platform.run([
    ...[...mallory.enter, 'ip', 'neigh', 'show', bob.nic.privateIp],
  ]);
  const link = await platform.run(['ip', '-4', 'addr', 'show', `${platform.options.name}-up`]);
  const host = /inet ([\d.]+)/.exec(link)?.[1] ?? '';
  const known = {
    own: mallory.nic.privateIp,
    own_mac: mallory.nic.macAddress,
    own_transit: transitOf(mallory),
    bob: bob.nic.privateIp,
    bob_mac: bob.nic.macAddress,
    other: carol.nic.privateIp,
    other_mac: carol.nic.macAddress,
    router: '172.31.0.1',
    router_mac: /lladdr (\S+)/.exec(neighbours)?.[1] ?? '',
    twin_only: twin.nic.privateIp,
    twin_transit: transitOf(twin),
    twin_number: platform.network.guestAddress(twin.nic.nicId) ?? '',
    host,
    namespace: host.replace(/\d+$/, (last) => `${Number(last) + 1}`),
  };
  return Object.entries(known).map(([key, value]) => `${key}=${value}`);
}

/** Every name that is heard until the last one. */
async function heardUntil(listener: Conversation, last: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (;;) {
    const name = await listener.next();
    if (name === undefined) throw new Error('the listener has ended');
    if (name === last) return names;
    names.add(name);
  }
}

test('what a hostile guest sends is seen by nobody', async () => {
  const router = platform.network.enter();
  const keys = await places();
  const listen = async (enter: readonly string[], device: string) => {
    const listener = runScript(enter, [program, 'listen', device]);
    expect(await listener.next()).toBe('ready');
    return listener;
  };
  const listeners: Readonly<Record<string, Conversation>> = {
    'the other guest': await listen(bob.enter, 'eth0'),
    'the router': await listen(router, 'vpc'),
    'the guest of the other VPC': await listen(twin.enter, 'eth0'),
    'the host': await listen([], `${platform.options.name}-up`),
  };
  const send = async (enter: readonly string[], device: string, names: readonly string[]) => {
    const sender = runScript(enter, [program, 'send', device, ...keys]);
    for (const name of names) {
      sender.say(name);
      expect(await sender.next(), name).toBe('sent');
    }
  };
  await send(mallory.enter, 'eth0', [...Object.keys(controls), ...attempts]);
  // What comes after all of them, everywhere.
  await send(mallory.enter, 'eth0', ['the last to bob', 'the last to the twin']);
  await send(router, 'uplink', ['the last to the host']);
  const last: Readonly<Record<string, string>> = {
    'the other guest': 'the last to bob',
    'the host': 'the last to the host',
  };
  const seen = new Map<string, Set<string>>();
  for (const [who, listener] of Object.entries(listeners)) {
    seen.set(who, await heardUntil(listener, last[who] ?? 'the last to the twin'));
  }
  const table = [...Object.keys(controls), ...attempts].map((name) => {
    const by = [...seen].filter(([, names]) => names.has(name)).map(([who]) => who);
    return [name, by.length === 0 ? 'nobody' : by.join(', ')] as const;
  });
  process.stdout.write(
    `| frame | seen by |\n|---|---|\n${table.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
  );
  expect(Object.fromEntries(table)).toEqual({
    ...controls,
    ...Object.fromEntries(attempts.map((name) => [name, 'nobody'])),
  });
});
