import type { NetworkAclEntry, PolicyNic, VpcTopology } from '@bakehouse/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, endConversations, hello, serve } from './talk.ts';
import {
  allOut,
  type Guest,
  groupId,
  ip,
  openAcl,
  openVpc,
  policyNic,
  type TestPlatform,
  testPlatform,
  toInternet,
} from './test-platform.ts';

/**
 * One VPC with a public and a private subnet, and another with the same range. The other's public address, carried by
 * its transit address, is the outside.
 */
let platform: TestPlatform;
let front: Guest;
let appliance: Guest;
let inner: Guest;
let twin: Guest;
const natGatewayId = 'nat-00000000000000007';
const privateSubnet = 'subnet-0123456789abcdef1';

beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
  front = await platform.guest(platform.nic(10));
  appliance = await platform.guest(platform.nic(11));
  const within = { subnetId: privateSubnet, subnetCidr: '172.31.16.0/20' } as const;
  inner = await platform.guest(platform.nic(12, { ...within, privateIp: '172.31.16.12' }));
  twin = await platform.guest(
    platform.nic(13, { vpcId: 'vpc-0123456789abcdef9', privateIp: front.nic.privateIp }),
  );
  for (const guest of [front, appliance, inner, twin]) {
    await serve({ enter: guest.enter, protocol: 'tcp', address: '0.0.0.0', port: 22 });
  }
});

afterAll(async () => {
  endConversations();
  await platform?.dispose();
});

const everything = [allOut, { ...allOut, direction: 'ingress' }] as const;

interface Wanted {
  readonly vpc?: Partial<VpcTopology>;
  readonly inner?: Partial<VpcTopology['subnets'][number]>;
  readonly nics?: readonly PolicyNic[];
}

const publicOf = ({ nic }: Guest) => nic.publicIp ?? '';
const nicOf = (guest: Guest, overrides: Partial<PolicyNic> = {}) =>
  policyNic(guest.nic, { groupIds: [groupId(0)], ...overrides });
/** Without a public address. */
const innerNic = (overrides: Partial<PolicyNic> = {}) =>
  nicOf(inner, { addresses: [{ privateIp: inner.nic.privateIp }], ...overrides });

function apply({ vpc, inner: changed, nics = [] }: Wanted = {}): Promise<void> {
  const whole = openVpc([front.nic, inner.nic]);
  const others = [nicOf(front), nicOf(appliance), innerNic(), nicOf(twin)];
  const known = new Set(nics.map(({ nicId }) => nicId));
  return platform.network.applyPolicy({
    nics: [...nics, ...others.filter(({ nicId }) => !known.has(nicId))],
    groups: [{ groupId: groupId(0), rules: everything }],
    vpcs: [
      {
        ...whole,
        ...vpc,
        subnets: whole.subnets.map((subnet) =>
          subnet.subnetId === privateSubnet ? { ...subnet, ...changed } : subnet,
        ),
      },
      openVpc([twin.nic]),
    ],
  });
}

const to = (from: { enter: readonly string[] }, address: string, port = 22) =>
  hello({ enter: from.enter, protocol: 'tcp', address, port });
const host = { enter: [] };
const transitOf = (address: string) => address.replace(/^127/, '240');

describe('a VPC', () => {
  test('does not meet another with the same range', async () => {
    await apply();
    expect(await to(host, publicOf(front))).toMatch(/^heard/);
    expect(await to(host, publicOf(twin))).toMatch(/^heard/);
    expect(await to(inner, front.nic.privateIp)).toBe(`heard ${inner.nic.privateIp} hello`);
    expect(await to(twin, inner.nic.privateIp)).toMatch(/^failed/);
    expect(await to(twin, appliance.nic.privateIp)).toMatch(/^failed/);
  });

  test('is reached and left only through its attached gateway', async () => {
    await apply();
    expect(await to(host, publicOf(front))).toMatch(/^heard/);
    await apply({ vpc: { hasInternetGateway: false } });
    expect(await to(host, publicOf(front))).toContain('No route to host');
    expect(await to(front, inner.nic.privateIp)).toMatch(/^heard/);
    expect(await to(host, publicOf(twin))).toMatch(/^heard/);
    await apply();
    expect(await to(host, publicOf(front))).toMatch(/^heard/);
  });

  test('is reached by another over public addresses', async () => {
    await apply();
    const heard = await to(twin, transitOf(publicOf(front)));
    expect(heard).toBe(`heard ${transitOf(publicOf(twin))} hello`);
    expect(await to(appliance, transitOf(publicOf(front)))).toMatch(/^heard/);
  });
});

describe('a route', () => {
  const route = (kind: VpcTopology['subnets'][number]['routes'][number]['target']) => [
    { destination: '0.0.0.0/0', target: kind },
  ];

  test('to nowhere drops, also the replies to who comes in by a public address', async () => {
    await apply({ nics: [nicOf(inner)] });
    expect(await to(host, publicOf(inner))).toMatch(/^heard/);
    await apply({ nics: [nicOf(inner)], inner: { routes: [] } });
    expect(await to(host, publicOf(inner))).toMatch(/^failed/);
    expect(await to(inner, front.nic.privateIp)).toMatch(/^heard/);
  });

  test('to the internet needs a public address', async () => {
    await apply();
    expect(await to(inner, transitOf(publicOf(twin)))).toMatch(/^failed/);
    await apply({ nics: [nicOf(inner)] });
    expect(await to(inner, transitOf(publicOf(twin)))).toMatch(/^heard/);
  });

  test('to a NAT gateway sends with its address, and cuts what it carried when it ends', async () => {
    const publicIp = platform.nic(200).publicIp ?? '';
    const gateway = {
      natGatewayId,
      subnetId: front.nic.subnetId,
      privateIp: '172.31.0.200',
      publicIp,
    } as const;
    const routes = route({ kind: 'nat', natGatewayId });
    await apply({ vpc: { natGateways: [gateway] }, inner: { routes } });
    const heard = await to(inner, transitOf(publicOf(twin)));
    expect(heard).toBe(`heard ${transitOf(publicIp)} hello`);
    expect(await to(host, publicIp)).toMatch(/^failed/);
    const open = connect({
      enter: inner.enter,
      protocol: 'tcp',
      address: transitOf(publicOf(twin)),
      port: 22,
    });
    expect(await open.next()).toBe('connected');
    await apply({ inner: { routes } });
    open.say('still there');
    expect(await open.next()).toMatch(/^failed/);
    expect(await to(inner, transitOf(publicOf(twin)))).toMatch(/^failed/);
  });

  test('to an interface needs its check to be off, and its groups to let the packet in', async () => {
    await platform.run([...appliance.enter, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
    const rules =
      'add table ip n\nadd chain ip n p { type nat hook postrouting priority 100; }\nadd rule ip n p masquerade\n';
    await platform.run([...appliance.enter, 'nft', '-f', '-'], rules);
    const routes = route({ kind: 'interface', nicId: appliance.nic.nicId });
    const address = transitOf(publicOf(twin));
    await apply({ inner: { routes } });
    expect(await to(inner, address)).toMatch(/^failed/);
    await apply({ inner: { routes }, nics: [nicOf(appliance, { sourceDestCheck: false })] });
    expect(await to(inner, address)).toBe(`heard ${transitOf(publicOf(appliance))} hello`);
    const closed = nicOf(appliance, { sourceDestCheck: false, groupIds: [groupId(5)] });
    await apply({ inner: { routes }, nics: [closed] });
    expect(await to(inner, address)).toMatch(/^failed/);
    await platform.run([...appliance.enter, 'nft', 'delete', 'table', 'ip', 'n']);
  });
});

test('a guest whose check is off may use any source, but reads no metadata and no names as another', async () => {
  await apply({ nics: [nicOf(appliance, { sourceDestCheck: false })] });
  await serve({
    enter: platform.network.enter(),
    protocol: 'tcp',
    address: '169.254.169.254',
    port: 80,
  });
  const as = inner.nic.privateIp;
  await ip(appliance.namespace, [`address add ${as}/32 dev lo`]);
  const ask = (from?: string) =>
    hello({
      enter: appliance.enter,
      protocol: 'tcp',
      address: '169.254.169.254',
      port: 80,
      ...(from !== undefined && { from }),
    });
  expect(await ask()).toBe(`heard ${platform.network.guestAddress(appliance.nic.nicId)} hello`);
  expect(await ask(as)).toMatch(/^failed/);
  await ip(appliance.namespace, [`address delete ${as}/32 dev lo`]);
});

test('secondary addresses are the guest’s own, with public addresses of their own', async () => {
  const [first, second] = [inner.nic.privateIp, '172.31.16.99'];
  const publicIp = platform.nic(99).publicIp ?? '';
  await ip(inner.namespace, [`address add ${second}/20 dev eth0`]);
  await apply();
  expect(await to(front, second)).toMatch(/^failed/);
  await apply({
    nics: [innerNic({ addresses: [{ privateIp: first }, { privateIp: second, publicIp }] })],
  });
  expect(await to(front, second)).toMatch(/^heard/);
  expect(await to(host, publicIp)).toMatch(/^heard/);
  const from = {
    enter: inner.enter,
    protocol: 'tcp',
    address: front.nic.privateIp,
    port: 22,
  } as const;
  expect(await hello({ ...from, from: second })).toBe(`heard ${second} hello`);
  await apply();
  expect(await hello({ ...from, from: second })).toMatch(/^failed/);
  await ip(inner.namespace, [`address delete ${second}/20 dev eth0`]);
});

describe('an access list', () => {
  const tcp = { ruleNumber: 100, allow: true, protocol: 'tcp', cidr: '0.0.0.0/0' } as const;
  const ssh: NetworkAclEntry = { ...tcp, direction: 'ingress', fromPort: 22, toPort: 22 };
  const replies: NetworkAclEntry = { ...tcp, direction: 'egress', fromPort: 1024, toPort: 65_535 };

  test('lets single packets pass: a request needs a rule for its replies', async () => {
    await apply({ inner: { acl: [ssh, replies] } });
    expect(await to(front, inner.nic.privateIp)).toMatch(/^heard/);
    await apply({ inner: { acl: [ssh] } });
    expect(await to(front, inner.nic.privateIp)).toMatch(/^failed/);
  });

  test('sees ICMP errors, too: without an entry for ICMP nobody hears that a port is closed', async () => {
    const closedPort = () =>
      hello({ enter: front.enter, protocol: 'udp', address: inner.nic.privateIp, port: 9 });
    await apply();
    expect(await closedPort()).toContain('refused');
    const udp = { ...tcp, protocol: 'udp' };
    const noIcmp: NetworkAclEntry[] = [
      { ...udp, direction: 'ingress' },
      { ...udp, direction: 'egress' },
    ];
    await apply({ inner: { acl: noIcmp } });
    expect(await closedPort()).toContain('timed out');
    await apply({
      inner: {
        acl: [...noIcmp, { ...tcp, ruleNumber: 110, direction: 'egress', protocol: 'icmp' }],
      },
    });
    expect(await closedPort()).toContain('refused');
  });

  test('decides by the lowest number', async () => {
    const deny: NetworkAclEntry = {
      ...ssh,
      ruleNumber: 90,
      allow: false,
      cidr: `${front.nic.privateIp}/32`,
    };
    await apply({ inner: { acl: [...openAcl, deny] } });
    expect(await to(front, inner.nic.privateIp)).toMatch(/^failed/);
    expect(await to(appliance, inner.nic.privateIp)).toMatch(/^heard/);
    await apply({ inner: { acl: [...openAcl, { ...deny, ruleNumber: 110 }] } });
    expect(await to(front, inner.nic.privateIp)).toMatch(/^heard/);
  });

  test('is not asked within a subnet, nor for names', async () => {
    const closed = openVpc([front.nic, inner.nic]).subnets.map((subnet) => ({
      ...subnet,
      acl: [],
    }));
    await platform.network.applyPolicy({
      nics: [nicOf(front), nicOf(appliance), innerNic()],
      groups: [{ groupId: groupId(0), rules: everything }],
      vpcs: [openVpc([front.nic], { subnets: closed })],
    });
    expect(await to(front, appliance.nic.privateIp)).toMatch(/^heard/);
    expect(await to(front, inner.nic.privateIp)).toMatch(/^failed/);
    expect(await lookUp(front, 'instance-data.ec2.internal')).toContain('169.254.169.254');
  });
});

const lookUp = ({ enter }: Guest, name: string) =>
  platform.run([...enter, 'sh', '-c', `busybox nslookup -type=a ${name} 172.31.0.2; true`]);

test('a VPC’s names are its own, and without DNS support there are none', async () => {
  await apply();
  const name = `${inner.nic.hostName}.ec2.internal`;
  expect(await lookUp(front, name)).toContain(inner.nic.privateIp);
  expect(await lookUp(twin, name)).toContain('NXDOMAIN');
  await apply({ vpc: { dnsSupport: false } });
  expect(await lookUp(front, name)).not.toContain(inner.nic.privateIp);
  expect(await lookUp(twin, 'instance-data.ec2.internal')).toContain('169.254.169.254');
});

test('a change of the topology takes effect on what is plugged, and another process makes the same', async () => {
  await apply({ inner: { routes: toInternet } });
  const list = ['nft', '-s', 'list', 'ruleset'];
  const rules = async () => {
    const text = await platform.run([...platform.enterVpc(front.nic), ...list]);
    // Without the set that fills itself.
    const lines = text.split('\n').filter((line) => !line.includes('limit rate over'));
    return lines.map(sortedWords).sort();
  };
  const before = await rules();
  await apply({
    vpc: { hasInternetGateway: false, natGateways: [] },
    inner: { acl: [], routes: [] },
  });
  await apply({ inner: { routes: toInternet } });
  expect(await rules()).toEqual(before);
  await platform.reopened().open();
  expect(await rules()).toEqual(before);
});

const sortedWords = (line: string) => line.trim().split(/,? +/).sort().join(' ');
