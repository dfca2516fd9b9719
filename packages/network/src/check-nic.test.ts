import type { Nic } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { checkNeighbours, checkNic } from './check-nic.ts';
import { NetworkInputError, NetworkRangeError } from './network-errors.ts';
import { sampleNic } from './testing/sample-nic.ts';

const addressing = planAddressing('127.18.0.0/16');

test('a well-formed NIC passes, with and without a public address and a VPC range', () => {
  const { publicIp, vpcCidr, ...least } = sampleNic();
  expect(checkNic(sampleNic(), addressing)).toEqual(sampleNic());
  expect(checkNic(least, addressing)).toEqual(least);
  expect([publicIp, vpcCidr]).toEqual(['127.18.0.10', '172.31.0.0/16']);
});

test.each<[string, Partial<Nic>]>([
  ['a path', { nicId: 'eni-../../etc' }],
  ['a line break', { hostName: 'a\nserver=1.2.3.4' }],
  ['a comma', { domainName: 'a,b' }],
  ['a blank', { macAddress: '0e:00:00:00:00:0a accept' }],
  ['a group MAC', { macAddress: '01:00:5e:00:00:01' }],
  ['no range', { subnetCidr: '172.31.0.0' }],
])('refuses %s', (_, overrides) => {
  expect(() => checkNic(sampleNic(10, overrides), addressing)).toThrow(NetworkInputError);
});

test.each<[string, Partial<Nic>]>([
  ['an address outside of the subnet', { privateIp: '172.31.16.10' }],
  ['the router as address', { privateIp: '172.31.0.1' }],
  ['the broadcast address', { privateIp: '172.31.15.255' }],
  ['a subnet outside of the VPC', { vpcCidr: '172.30.0.0/16' }],
  ['a VPC in the world', { vpcCidr: '8.0.0.0/8', subnetCidr: '8.8.8.0/24', privateIp: '8.8.8.8' }],
  ['a public address of another pool', { publicIp: '127.0.0.1' }],
])('refuses %s', (_, overrides) => {
  expect(() => checkNic(sampleNic(10, overrides), addressing)).toThrow(NetworkRangeError);
});

test.each<[string, Partial<Nic>]>([
  ['private address', { privateIp: '172.31.0.10' }],
  ['public address', { publicIp: '127.18.0.10' }],
  ['MAC', { macAddress: '0e:00:00:00:00:0a' }],
])('refuses the %s of another NIC', (_, overrides) => {
  const other = sampleNic(10);
  expect(() => checkNeighbours(sampleNic(11, overrides), [other])).toThrow(other.nicId);
  expect(() => checkNeighbours(sampleNic(11), [other, sampleNic(11)])).not.toThrow();
});

test('a VPC range that overlaps another is refused', () => {
  const wide = sampleNic(11, { vpcCidr: '172.16.0.0/12' });
  expect(() => checkNeighbours(wide, [sampleNic(10)])).toThrow('overlaps 172.31.0.0/16');
});
