import type { NetworkPolicy, Nic, PacketRule, PolicyNic, VpcTopology } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { type Flow, permits } from './memory-policy.ts';

/** Subnet 1 is 172.31.1.0/24, and so on; interface 15 is 172.31.1.5. */
const nicOf = (number: number, vpcId: Nic['vpcId'] = 'vpc-1'): Nic => {
  const [subnet, last] = [Math.floor(number / 10), number % 10];
  return {
    nicId: `eni-${number}`,
    vpcId,
    subnetId: `subnet-${subnet}`,
    subnetCidr: `172.31.${subnet}.0/24`,
    macAddress: `02:00:00:00:00:${number}`,
    privateIp: `172.31.${subnet}.${last}`,
    hostName: `ip-172-31-${subnet}-${last}`,
    domainName: 'ec2.internal',
  };
};
const everyone = { kind: 'cidr', cidr: '0.0.0.0/0' } as const;
const out: PacketRule = { direction: 'egress', protocol: '-1', peer: everyone };
const web: PacketRule = {
  direction: 'ingress',
  protocol: 'tcp',
  fromPort: 80,
  toPort: 81,
  peer: { kind: 'cidr', cidr: '10.0.0.0/8' },
};
const members: PacketRule = {
  direction: 'ingress',
  protocol: '-1',
  peer: { kind: 'group', groupId: 'sg-a' },
};

const all = { ruleNumber: 100, allow: true, protocol: '-1', cidr: '0.0.0.0/0' };
const open = [
  { ...all, direction: 'ingress' },
  { ...all, direction: 'egress' },
] as const;
/** Lets web requests in, and their replies out only when `replies`. */
const webOnly = (replies: boolean) => {
  const ports = { ruleNumber: 50, allow: true, protocol: 'tcp', cidr: '0.0.0.0/0' };
  const back = { ...ports, direction: 'egress', fromPort: 1024, toPort: 65_535 } as const;
  return [
    { ...ports, direction: 'ingress', fromPort: 80, toPort: 81 } as const,
    ...(replies ? [back] : []),
  ];
};
const toInternet = [{ destination: '0.0.0.0/0', target: { kind: 'internet' } }] as const;
const vpc: VpcTopology = {
  vpcId: 'vpc-1',
  cidrs: ['172.31.0.0/16'],
  hasInternetGateway: true,
  dnsSupport: true,
  dhcp: {},
  subnets: [
    { subnetId: 'subnet-1', cidr: '172.31.1.0/24', routes: toInternet, acl: open },
    {
      subnetId: 'subnet-2',
      cidr: '172.31.2.0/24',
      routes: [
        { destination: '0.0.0.0/0', target: { kind: 'nat', natGatewayId: 'nat-1' } },
        { destination: '93.1.0.0/16', target: { kind: 'interface', nicId: 'eni-18' } },
        { destination: '93.2.0.0/16', target: { kind: 'interface', nicId: 'eni-15' } },
        { destination: '93.3.0.0/16', target: { kind: 'blackhole' } },
      ],
      acl: open,
    },
    { subnetId: 'subnet-3', cidr: '172.31.3.0/24', routes: toInternet, acl: webOnly(true) },
    { subnetId: 'subnet-4', cidr: '172.31.4.0/24', routes: toInternet, acl: webOnly(false) },
  ],
  natGateways: [
    {
      natGatewayId: 'nat-1',
      subnetId: 'subnet-1',
      privateIp: '172.31.1.99',
      publicIp: '127.0.0.99',
    },
  ],
};
const member = (number: number, groups: string): PolicyNic => ({
  nicId: `eni-${number}`,
  vpcId: nicOf(number).vpcId,
  groupIds: [...groups].map((group) => `sg-${group}` as const),
  addresses: [
    {
      privateIp: nicOf(number).privateIp,
      ...(number < 20 || number > 29 ? { publicIp: `127.0.0.${number}` } : {}),
    },
  ],
  sourceDestCheck: number !== 18,
});
const policy: NetworkPolicy = {
  nics: [
    member(15, 'a'),
    member(16, 'ab'),
    member(17, 'b'),
    member(18, 'ac'),
    member(25, 'a'),
    member(35, 'ab'),
    member(45, 'ab'),
  ],
  groups: [
    { groupId: 'sg-a', rules: [out, members] },
    { groupId: 'sg-b', rules: [web] },
    { groupId: 'sg-c', rules: [members] },
  ],
  vpcs: [vpc],
};
const nics = [15, 16, 17, 18, 19, 25, 35, 45].map((number) => nicOf(number));
const passes = (flow: Flow, changed: Partial<VpcTopology> = {}) =>
  permits({ ...policy, vpcs: [{ ...vpc, ...changed }] }, nics, flow);

test.each([
  ['from outside by a rule', '10.1.2.3', '172.31.1.7', 80, true],
  ['the same by the public address', '10.1.2.3', '127.0.0.17', 80, true],
  ['from outside at the range’s end', '10.1.2.3', '172.31.1.6', 81, true],
  ['from outside beside the port range', '10.1.2.3', '172.31.1.7', 82, false],
  ['from outside beside the address range', '11.1.2.3', '172.31.1.7', 80, false],
  ['from outside without a public address', '10.1.2.3', '172.31.2.5', 80, false],
  ['between members of a group', '172.31.1.5', '172.31.1.6', 9_999, true],
  ['from a member to a stranger', '172.31.1.5', '172.31.1.7', 9_999, false],
  ['to the outside with an egress rule', '172.31.1.5', '93.0.0.1', 443, true],
  ['to the outside without an egress rule', '172.31.1.7', '93.0.0.1', 443, false],
  ['to a NIC that the policy does not name', '10.1.2.3', '172.31.1.9', 80, false],
  ['across subnets', '172.31.1.5', '172.31.2.5', 9_999, true],
  ['out by a NAT gateway', '172.31.2.5', '93.0.0.1', 443, true],
  ['out by a guest that sends on', '172.31.2.5', '93.1.0.1', 443, true],
  ['to a guest whose check is on', '172.31.2.5', '93.2.0.1', 443, false],
  ['into a black hole', '172.31.2.5', '93.3.0.1', 443, false],
  ['by an access list', '10.1.2.3', '172.31.3.5', 80, true],
  ['against an access list', '172.31.1.5', '172.31.3.5', 9_999, false],
  ['without a rule for replies', '10.1.2.3', '172.31.4.5', 80, false],
] as const)('%s: from %s to %s port %i passes: %s', (_, fromIp, toIp, port, expected) => {
  expect(passes({ fromIp, toIp, protocol: 'tcp', port })).toBe(expected);
});

test.each([
  ['10.1.2.3', '127.0.0.17'],
  ['172.31.1.5', '93.0.0.1'],
  ['172.31.2.5', '93.0.0.1'],
])('without a gateway nothing passes from %s to %s', (fromIp, toIp) => {
  const flow: Flow = { fromIp, toIp, protocol: 'tcp', port: 80 };
  expect(passes(flow)).toBe(true);
  expect(passes(flow, { hasInternetGateway: false })).toBe(false);
});

test('the same address in another VPC is another guest', () => {
  const flow: Flow = { fromIp: '172.31.1.5', toIp: '172.31.1.6', protocol: 'tcp', port: 9 };
  expect(permits(policy, nics, { ...flow, vpcId: 'vpc-1' })).toBe(true);
  expect(permits(policy, nics, { ...flow, vpcId: 'vpc-2' })).toBe(false);
});
