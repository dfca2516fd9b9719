import type { PacketRule } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NetworkInputError } from './network-errors.ts';
import { chainName, groupPart, membershipPart } from './plan-policy.ts';

const group = 'sg-00000000000000001';
const otherGroup = 'sg-00000000000000002';
const host = '198.18.0.1';
const anywhere = { kind: 'cidr', cidr: '0.0.0.0/0' } as const;

function compiled(rule: PacketRule): readonly string[] | undefined {
  const { chains = {} } = groupPart(group, [rule], host);
  return chains[`${rule.direction === 'ingress' ? 'in' : 'out'}-${group}`]?.rules;
}

const cases: [string, Omit<PacketRule, 'direction'>, string[]][] = [
  ['everything', { protocol: '-1', peer: anywhere }, ['accept']],
  [
    'a port',
    { protocol: 'tcp', fromPort: 22, toPort: 22, peer: anywhere },
    ['meta l4proto tcp ct original proto-dst 22 accept'],
  ],
  [
    'ports, the protocol by number',
    { protocol: '17', fromPort: 5000, toPort: 6000, peer: anywhere },
    ['meta l4proto udp ct original proto-dst 5000-6000 accept'],
  ],
  [
    'all ports',
    { protocol: 'tcp', fromPort: 0, toPort: 65535, peer: anywhere },
    ['meta l4proto tcp accept'],
  ],
  [
    'all ICMP',
    { protocol: 'icmp', fromPort: -1, toPort: -1, peer: anywhere },
    ['meta l4proto icmp accept'],
  ],
  [
    'an ICMP type',
    { protocol: 'icmp', fromPort: 8, toPort: -1, peer: anywhere },
    ['meta l4proto icmp ct original proto-dst 2048-2303 accept'],
  ],
  [
    'an ICMP type and code',
    { protocol: 'icmp', fromPort: 8, toPort: 0, peer: anywhere },
    ['meta l4proto icmp ct original proto-dst 2048 accept'],
  ],
  ['another protocol', { protocol: '47', peer: anywhere }, ['meta l4proto 47 accept']],
  [
    'a range, host bits cleared',
    { protocol: '-1', peer: { kind: 'cidr', cidr: '10.1.2.3/8' } },
    ['ct original ip saddr 10.0.0.0/8 accept'],
  ],
  [
    'the host as 127.0.0.1',
    { protocol: '-1', peer: { kind: 'cidr', cidr: '127.0.0.1/32' } },
    ['ct original ip saddr 127.0.0.1/32 accept', `ct original ip saddr ${host} accept`],
  ],
  [
    'a group',
    { protocol: '-1', peer: { kind: 'group', groupId: otherGroup } },
    [`ct original ip saddr @members-${otherGroup} accept`],
  ],
  ['nothing for IPv6', { protocol: '-1', peer: { kind: 'cidr', cidr: '::/0' } }, []],
  ['nothing for ICMPv6', { protocol: 'icmpv6', peer: anywhere }, []],
];

test.each(cases)('lets in %s', (_, rule, lines) => {
  expect(compiled({ ...rule, direction: 'ingress' })).toEqual(lines);
});

test('what a source may send is judged by the target, too', () => {
  const rule = {
    direction: 'egress',
    protocol: '-1',
    peer: { kind: 'cidr', cidr: '10.0.0.0/8' },
  } as const;
  expect(compiled(rule)).toEqual(['ct reply ip saddr 10.0.0.0/8 goto arriving']);
});

test.each<Partial<PacketRule>>([
  { protocol: 'tcp accept' },
  { protocol: '256' },
  { fromPort: 30, toPort: 20 },
  { fromPort: 1, toPort: 70000 },
  { fromPort: 1.5, toPort: 2 },
  { peer: { kind: 'cidr', cidr: '10.0.0.0/8 accept' } },
  { peer: { kind: 'group', groupId: 'sg-1 accept' } },
])('refuses %j', (part) => {
  const rule: PacketRule = { direction: 'ingress', protocol: 'tcp', peer: anywhere, ...part };
  expect(() => groupPart(group, [rule], host)).toThrow(NetworkInputError);
});

test('a NIC of several groups is a member of each, and tries the chains of all', () => {
  const part = membershipPart('tap1', ['172.31.0.10', '172.31.0.77'], [otherGroup, group, group]);
  const both = chainName({ chainPrefix: 'in' }, [group, otherGroup]);
  expect(part.sets?.[`members-${otherGroup}`]?.elements).toEqual(['172.31.0.10', '172.31.0.77']);
  expect(part.sets?.ingress?.elements).toEqual([`"tap1" : goto ${both}`]);
  expect(part.chains?.[both]?.rules).toEqual([`jump in-${group}`, `jump in-${otherGroup}`]);
});

test('NICs of the same groups, in any order and number, share a chain that nft can name', () => {
  const ids = Array.from(
    { length: 40 },
    (_, index): `sg-${string}` => `sg-000000000000000${10 + index}`,
  );
  const named = (groups: readonly `sg-${string}`[]) =>
    membershipPart('tap1', [], groups).sets?.ingress?.elements.join().split('goto ')[1] ?? '';
  const one = named(ids);
  expect(named(ids.toReversed())).toBe(one);
  expect(one.length).toBeLessThanOrEqual(64);
  expect(named(ids.slice(1))).not.toBe(one);
});

test('a NIC in no group has no verdict', () => {
  const { sets = {}, chains } = membershipPart('tap1', ['172.31.0.10'], []);
  expect([sets.ingress?.elements, sets.egress?.elements, chains]).toEqual([[], [], {}]);
});

const groupIds = [group, otherGroup, 'sg-00000000000000003'] as const;
const anyRule: fc.Arbitrary<PacketRule> = fc.record({
  direction: fc.constantFrom('ingress', 'egress'),
  protocol: fc.constantFrom('tcp', 'udp', 'icmp', '-1', '50'),
  peer: fc.oneof(
    fc.constantFrom('0.0.0.0/0', '10.0.0.0/8').map((cidr) => ({ kind: 'cidr', cidr }) as const),
    fc.constantFrom(...groupIds).map((groupId) => ({ kind: 'group', groupId }) as const),
  ),
});

test('only rules make lines that pass anything, and every set that is named exists', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 4 }), (rules) => {
      const { sets = {}, chains = {} } = groupPart(group, rules, host);
      const lines = Object.values(chains).flatMap((chain) => chain.rules);
      const passing = lines.filter((line) => /accept$|goto arriving$/.test(line));
      expect(passing.length).toBe(new Set(rules.map((rule) => JSON.stringify(rule))).size);
      const named = lines.flatMap((line) => /@(\S+)/.exec(line)?.[1] ?? []);
      for (const name of named) expect(Object.keys(sets)).toContain(name);
    }),
  );
});
