import type { NetworkAclEntry } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { NetworkInputError } from './network-errors.ts';
import { aclChain } from './plan-acl.ts';

const entry = (ruleNumber: number, overrides: Partial<NetworkAclEntry> = {}): NetworkAclEntry => ({
  direction: 'ingress',
  ruleNumber,
  allow: true,
  protocol: '-1',
  cidr: '0.0.0.0/0',
  ...overrides,
});

test('entries are tried by number, in their direction, and the rest does not pass', () => {
  const acl = [
    entry(200, { allow: false, cidr: '10.0.0.0/8' }),
    entry(100, { protocol: '6', fromPort: 22, toPort: 80, cidr: '10.1.0.0/16' }),
    entry(50, { direction: 'egress', cidr: '10.2.0.0/16' }),
    entry(300, { protocol: 'icmp', fromPort: 3, toPort: 4 }),
    entry(301, { protocol: 'icmp', fromPort: 8, toPort: -1 }),
    entry(302, { protocol: 'icmp', fromPort: -1, toPort: -1 }),
    entry(303, { protocol: '47', allow: false }),
    entry(304, { cidr: '::/0' }),
    entry(305, { protocol: 'icmpv6' }),
  ];
  expect(aclChain(acl, 'ingress').rules).toEqual([
    'tcp dport 22-80 ip saddr 10.1.0.0/16 return',
    'ip saddr 10.0.0.0/8 drop',
    'icmp type 3 icmp code 4 return',
    'icmp type 8 return',
    'meta l4proto icmp return',
    'meta l4proto 47 drop',
    'drop',
  ]);
  expect(aclChain(acl, 'egress').rules).toEqual(['ip daddr 10.2.0.0/16 return', 'drop']);
});

test.each<Partial<NetworkAclEntry>>([
  { cidr: '10.0.0.0/8 accept' },
  { protocol: 'tcp', fromPort: 9, toPort: 8 },
  { protocol: 'x' },
])('refuses %j', (overrides) => {
  expect(() => aclChain([entry(1, overrides)], 'ingress')).toThrow(NetworkInputError);
});
