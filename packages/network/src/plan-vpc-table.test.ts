import type { PolicyNic, VpcTopology } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { tapName } from './network-names.ts';
import { hostBasePart } from './plan-host-table.ts';
import { routerPart } from './plan-router-table.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import { arpNicPart, basePart, natGatewayPart, nicPart } from './plan-vpc-table.ts';
import { sampleNic } from './testing/sample-nic.ts';

const common: VpcCommon = {
  addressing: planAddressing('127.18.0.0/16'),
  outbound: false,
  machineIds: { first: 10_000, last: 59_999 },
};
const nic = { ...sampleNic(10), guestNumber: 5 };
const vpc: VpcTopology = {
  vpcId: nic.vpcId,
  cidrs: ['172.31.0.0/16'],
  hasInternetGateway: true,
  dnsSupport: true,
  dhcp: {},
  subnets: [{ subnetId: nic.subnetId, cidr: nic.subnetCidr, routes: [], acl: [] }],
  natGateways: [],
};
const policy: PolicyNic = {
  nicId: nic.nicId,
  vpcId: nic.vpcId,
  groupIds: [],
  addresses: [
    { privateIp: nic.privateIp, publicIp: '127.18.0.10' },
    { privateIp: '172.31.0.77', publicIp: '127.18.0.77' },
    { privateIp: '172.31.0.78' },
  ],
  sourceDestCheck: true,
};
const setsOf = (context: { vpc?: VpcTopology; policy?: PolicyNic }) =>
  nicPart(nic, common, { vpc: context.vpc, policy: context.policy }).sets ?? {};

test('a port is bound to its MAC and addresses, for IP and ARP alike', () => {
  const elements = setsOf({ vpc, policy }).ports?.elements;
  const port = `"${tapName(nic.nicId)}" . 0e:00:00:00:00:0a`;
  const addresses = ['172.31.0.10', '172.31.0.77', '172.31.0.78'];
  expect(elements).toEqual(addresses.map((address) => `${port} . ${address}`));
  expect(arpNicPart(nic, policy).sets?.ports?.elements).toEqual(elements);
});

test('without a policy a NIC has nothing but its own address and its metadata', () => {
  const sets = setsOf({ vpc });
  for (const name of ['egress', 'ingress', 'forwarders', 'public']) {
    expect(sets[name]?.elements ?? [], name).toEqual([]);
  }
  expect(sets.identities?.elements).toEqual(['172.31.0.10 : 169.254.64.5']);
  const { chains = {} } = basePart(common, { vpc, linkAddress: '169.254.0.1' });
  for (const hook of ['input', 'forward', 'antispoof', 'whole', 'marking']) {
    expect(chains[hook]?.hook).toContain('policy drop');
  }
});

test('public addresses are translated while the VPC has a gateway', () => {
  expect(setsOf({ vpc, policy }).public?.elements).toEqual([
    '240.18.0.10 : 172.31.0.10',
    '240.18.0.77 : 172.31.0.77',
  ]);
  const closed = { ...vpc, hasInternetGateway: false };
  expect(setsOf({ vpc: closed, policy }).public).toBeUndefined();
});

test('a NAT gateway sends with its own address, while there is a gateway', () => {
  const gateway = {
    natGatewayId: 'nat-00000000000000007',
    subnetId: nic.subnetId,
    privateIp: '172.31.0.9',
    publicIp: '127.18.0.9',
  } as const;
  const whole = { ...vpc, natGateways: [gateway] };
  const part = natGatewayPart(gateway, whole, common.addressing);
  expect(part.sets?.nat?.elements).toEqual(['8 : 240.18.0.9']);
  const closed = { ...whole, hasInternetGateway: false };
  expect(natGatewayPart(gateway, closed, common.addressing)).toEqual({});
});

test('the resolvers reply only where the VPC says so', () => {
  const resolvers = (dnsSupport: boolean) =>
    basePart(common, { vpc: { ...vpc, dnsSupport }, linkAddress: '169.254.0.1' }).sets?.resolvers;
  expect(resolvers(true)?.elements).toEqual(['169.254.169.253', '172.31.0.2']);
  expect(resolvers(false)?.elements).toEqual([]);
});

test('no user that a machine may have sends anything itself, whatever the range of new ones is', () => {
  const sent = 'meta skuid 10000-59999 drop';
  expect(basePart(common, { vpc, linkAddress: '169.254.0.1' }).chains?.output?.rules).toEqual([
    sent,
  ]);
  expect(routerPart(common).chains?.output?.rules).toEqual([sent]);
});

test('only with outbound on does anything pass that is not for a guest', () => {
  const leaving = (outbound: boolean) =>
    basePart({ ...common, outbound }, { vpc, linkAddress: '169.254.0.1' }).chains?.leaving
      ?.rules[1];
  expect(leaving(false)).toBe('ct reply ip saddr != 240.18.0.0/16 drop');
  expect(leaving(true)).not.toBe(leaving(false));
  const router = (outbound: boolean) => routerPart({ ...common, outbound }).chains?.forward?.rules;
  expect(router(false)?.filter((rule) => rule.includes('oifname uplink'))).toEqual([
    `iifname "vpc*" oifname uplink ip saddr 240.18.0.0/16 ip daddr ${common.addressing.hostAddress} accept`,
  ]);
  expect(hostBasePart('link', common).chains?.forward?.rules).toContain('iifname link drop');
});
