import type { Nic, VpcTopology } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { checkClaims, checkNic, checkPolicyNic, checkVpc, claimsOf } from './check-nic.ts';
import { NetworkInputError, NetworkRangeError } from './network-errors.ts';
import { sampleNic } from './testing/sample-nic.ts';

const addressing = planAddressing('127.18.0.0/16');

test('a well-formed NIC passes', () => {
  expect(() => checkNic(sampleNic())).not.toThrow();
});

test.each<[string, Partial<Nic>]>([
  ['a path', { nicId: 'eni-../../etc' }],
  ['a line break', { hostName: 'a\nserver=1.2.3.4' }],
  ['a comma', { domainName: 'a,b' }],
  ['a blank', { macAddress: '0e:00:00:00:00:0a accept' }],
  ['a group MAC', { macAddress: '01:00:5e:00:00:01' }],
  ['no range', { subnetCidr: '172.31.0.0' }],
])('refuses %s', (_, overrides) => {
  expect(() => checkNic(sampleNic(10, overrides))).toThrow(NetworkInputError);
});

test.each<[string, Partial<Nic>]>([
  ['an address outside of the subnet', { privateIp: '172.31.16.10' }],
  ['the router as address', { privateIp: '172.31.0.1' }],
  ['the broadcast address', { privateIp: '172.31.15.255' }],
])('refuses %s', (_, overrides) => {
  expect(() => checkNic(sampleNic(10, overrides))).toThrow(NetworkRangeError);
});

test.each<[string, Partial<Nic>]>([
  ['private address', { privateIp: '172.31.0.10' }],
  ['MAC', { macAddress: '0e:00:00:00:00:0a' }],
])('refuses the %s of another NIC', (_, overrides) => {
  const other = sampleNic(10);
  const claims = new Map(claimsOf(other).map((claim) => [claim, other.nicId]));
  expect(() => checkClaims(sampleNic(11, overrides), claims)).toThrow(other.nicId);
  expect(() => checkClaims(sampleNic(11), claims)).not.toThrow();
  expect(() => checkClaims(other, claims)).not.toThrow();
});

test('a private address may be taken in another VPC', () => {
  const other = sampleNic(10);
  const claims = new Map(claimsOf(other).map((claim) => [claim, other.nicId]));
  const twin = sampleNic(11, { vpcId: 'vpc-00000000000000002', privateIp: other.privateIp });
  expect(() => checkClaims(twin, claims)).not.toThrow();
});

test.each(['127.0.0.1', 'nothing', '203.0.113.1'])(
  'a policy cannot have the public address %s',
  (publicIp) => {
    const addresses = [{ privateIp: '172.31.0.10', publicIp }];
    const { nicId, vpcId } = sampleNic(10);
    const nic = { nicId, vpcId, groupIds: [], addresses, sourceDestCheck: true };
    expect(() => checkPolicyNic(nic, addressing)).toThrow(NetworkRangeError);
  },
);

const vpc: VpcTopology = {
  vpcId: 'vpc-0123456789abcdef0',
  cidrs: ['172.31.0.0/16'],
  hasInternetGateway: true,
  dnsSupport: true,
  dhcp: {},
  subnets: [],
  natGateways: [],
};

test.each<[string, Partial<VpcTopology>]>([
  ['a range that is none', { cidrs: ['172.31.0.0/16 accept'] }],
  ['an id that is a rule', { vpcId: 'vpc-1; drop' }],
  ['a server that is a line', { dhcp: { ntpServers: ['10.0.0.1\nx'] } }],
  ['a domain that is a line', { dhcp: { domainName: 'a\nserver=1.2.3.4' } }],
])('a VPC cannot have %s', (_, overrides) => {
  expect(() => checkVpc(vpc, addressing)).not.toThrow();
  expect(() => checkVpc({ ...vpc, ...overrides }, addressing)).toThrow(NetworkInputError);
});
