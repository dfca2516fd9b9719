import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Conversation, connect, endConversations, hello, serve } from './talk.ts';
import {
  allOut,
  everywhere,
  type Guest,
  groupId,
  policyOf,
  sshIn,
  type TestPlatform,
  testPlatform,
} from './test-platform.ts';

let platform: TestPlatform;
let alice: Guest;
let bob: Guest;
let neighbour: Guest;
let stranger: Guest;
let bobsServer: Conversation;

beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
  alice = await platform.guest(platform.nic(10));
  bob = await platform.guest(platform.nic(11));
  neighbour = await platform.guest(
    platform.nic(12, {
      subnetId: 'subnet-0123456789abcdef1',
      subnetCidr: '172.31.16.0/20',
      privateIp: '172.31.16.12',
    }),
  );
  stranger = await platform.guest(
    platform.nic(13, {
      vpcId: 'vpc-0123456789abcdef2',
      subnetId: 'subnet-0123456789abcdef2',
      subnetCidr: '172.30.0.0/20',
      vpcCidr: '172.30.0.0/16',
      privateIp: '172.30.0.13',
    }),
  );
  const anywhere = { protocol: 'tcp', address: '0.0.0.0' } as const;
  bobsServer = await serve({ ...anywhere, enter: bob.enter, port: 22 });
  await serve({ ...anywhere, enter: bob.enter, port: 80 });
  await serve({ ...anywhere, enter: neighbour.enter, port: 22 });
  await serve({ ...anywhere, enter: stranger.enter, port: 22 });
  for (const guest of [bob, neighbour, stranger]) {
    await serve({ enter: guest.enter, protocol: 'udp', address: '0.0.0.0', port: 53 });
  }
});

afterAll(async () => {
  endConversations();
  await platform?.dispose();
});

const to = (from: { enter: readonly string[] }, guest: Guest, port = 22) =>
  hello({ enter: from.enter, protocol: 'tcp', address: guest.nic.privateIp, port });
const host = { enter: [] };
const fromHost = (guest: Guest, port = 22) =>
  hello({ enter: [], protocol: 'tcp', address: guest.nic.publicIp ?? '', port });

async function pings(from: { enter: readonly string[] }, address: string): Promise<boolean> {
  const argv = [...from.enter, 'busybox', 'ping', '-c', '1', '-W', '1', address];
  return platform.run(argv).then(
    () => true,
    () => false,
  );
}

describe('security groups', () => {
  test('pass nothing before a policy names the NIC', async () => {
    expect(await to(alice, bob)).toMatch(/^failed/);
    expect(await fromHost(bob)).toMatch(/^failed/);
    expect(await pings(alice, bob.nic.privateIp)).toBe(false);
  });

  test('pass what both the source and the target allow, between guests and from the host', async () => {
    await platform.network.applyPolicy(
      policyOf([
        [alice, [allOut]],
        [bob, [sshIn]],
      ]),
    );
    expect(await to(alice, bob)).toBe(`heard ${alice.nic.privateIp} hello`);
    expect(await fromHost(bob)).toMatch(/^heard 198\.1[89]\..* hello$/);
    expect(await to(alice, bob, 80)).toMatch(/^failed/);
    expect(await fromHost(bob, 80)).toMatch(/^failed/);
    expect(await pings(alice, bob.nic.privateIp)).toBe(false);
    expect(await to(bob, alice)).toMatch(/^failed/);
  });

  test('refuse what the source may not send', async () => {
    await platform.network.applyPolicy(
      policyOf([
        [alice, [{ ...sshIn, direction: 'egress', fromPort: 80, toPort: 80 }]],
        [bob, [{ ...sshIn, protocol: '-1' }]],
      ]),
    );
    expect(await to(alice, bob, 80)).toMatch(/^heard/);
    expect(await to(alice, bob, 22)).toMatch(/^failed/);
    expect(await pings(host, bob.nic.publicIp ?? '')).toBe(true);
  });

  test('compare by ICMP type', async () => {
    const echo = { direction: 'ingress', protocol: 'icmp', fromPort: 8, toPort: -1 } as const;
    await platform.network.applyPolicy(
      policyOf([
        [alice, [allOut]],
        [bob, [{ ...echo, peer: everywhere }]],
      ]),
    );
    expect(await pings(alice, bob.nic.privateIp)).toBe(true);
    await platform.network.applyPolicy(
      policyOf([
        [alice, [allOut]],
        [bob, [{ ...echo, fromPort: 13, peer: everywhere }]],
      ]),
    );
    expect(await pings(alice, bob.nic.privateIp)).toBe(false);
  });

  test('compare by UDP', async () => {
    await platform.network.applyPolicy(
      policyOf([
        [alice, [allOut]],
        [bob, [{ ...sshIn, protocol: 'udp', fromPort: 50, toPort: 60 }]],
      ]),
    );
    const dns = {
      enter: alice.enter,
      protocol: 'udp',
      address: bob.nic.privateIp,
      port: 53,
    } as const;
    expect(await hello(dns)).toMatch(/^heard/);
    const viaPublic = { ...dns, enter: [], address: bob.nic.publicIp ?? '' };
    expect(await hello(viaPublic)).toMatch(/^heard/);
    await platform.network.applyPolicy(policyOf([[alice, [allOut]]]));
    expect(await hello(dns)).toMatch(/^failed/);
  });

  test('follow references to groups, of all members and nobody else', async () => {
    const fromAlices = { ...sshIn, peer: { kind: 'group', groupId: groupId(0) } } as const;
    await platform.network.applyPolicy(
      policyOf([
        [alice, [allOut]],
        [bob, [fromAlices]],
        [neighbour, [allOut]],
      ]),
    );
    expect(await to(alice, bob)).toMatch(/^heard/);
    expect(await to(neighbour, bob)).toMatch(/^failed/);
    expect(await fromHost(bob)).toMatch(/^failed/);
  });

  test('treat the host as 127.0.0.1', async () => {
    const fromHere = { ...sshIn, peer: { kind: 'cidr', cidr: '127.0.0.1/32' } } as const;
    await platform.network.applyPolicy(
      policyOf([
        [alice, [allOut]],
        [bob, [fromHere]],
      ]),
    );
    expect(await fromHost(bob)).toMatch(/^heard/);
    expect(await to(alice, bob)).toMatch(/^failed/);
  });

  test('let subnets of a VPC reach each other, and VPCs never', async () => {
    const open = [allOut, { ...sshIn, protocol: '-1' }] as const;
    await platform.network.applyPolicy(
      policyOf([
        [alice, open],
        [neighbour, open],
        [stranger, open],
      ]),
    );
    expect(await to(alice, neighbour)).toMatch(/^heard/);
    expect(await to(alice, stranger)).toMatch(/^failed/);
    expect(await to(stranger, neighbour)).toMatch(/^failed/);
    expect(await fromHost(stranger)).toMatch(/^heard/);
  });

  test('cut an open connection at once when its rule is revoked, in both directions, and no other', async () => {
    const open = policyOf([
      [alice, [allOut]],
      [bob, [sshIn, { ...sshIn, fromPort: 80, toPort: 80 }]],
    ]);
    await platform.network.applyPolicy(open);
    const talk = (enter: readonly string[], address: string, port: number) =>
      connect({ enter, protocol: 'tcp', address, port });
    const revoked = [
      talk(alice.enter, bob.nic.privateIp, 22),
      talk([], bob.nic.publicIp ?? '', 22),
    ];
    const lasting = [
      talk(alice.enter, bob.nic.privateIp, 80),
      talk([], bob.nic.publicIp ?? '', 80),
    ];
    for (const conversation of [...revoked, ...lasting]) {
      expect(await conversation.next()).toBe('connected');
      conversation.say('one');
      expect(await conversation.next()).toMatch(/one$/);
    }
    const withoutSsh = [{ ...sshIn, fromPort: 80, toPort: 80 }, allOut];
    const groups = new Map([[groupId(1), withoutSsh]]);
    const change = { nics: new Map(), groups, vpcs: new Map() };
    await platform.network.changePolicy(change);
    const [first, second] = revoked;
    first?.say('two');
    second?.say('listen');
    bobsServer.say('from the server');
    expect(await bobsServer.next()).toBe('sent');
    for (const conversation of lasting) conversation.say('two');
    for (const conversation of lasting) expect(await conversation.next()).toMatch(/two$/);
    for (const conversation of revoked) expect(await conversation.next()).toMatch(/^failed/);
  });
});
