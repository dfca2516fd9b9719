import type { NetworkPolicy, PacketRule } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NetworkInputError } from './network-errors.ts';
import { chainName, planPolicy } from './plan-policy.ts';
import { nicMap, sampleNic } from './testing/sample-nic.ts';

const group = 'sg-00000000000000001';
const otherGroup = 'sg-00000000000000002';
const nic = sampleNic(10);
const host = '198.18.0.1';
const anywhere = { kind: 'cidr', cidr: '0.0.0.0/0' } as const;

function policy(...rules: readonly PacketRule[]): NetworkPolicy {
  return {
    nics: [{ nicId: nic.nicId, groupIds: [group] }],
    groups: [{ groupId: group, rules }],
  };
}

function compiled(rule: PacketRule): readonly string[] | undefined {
  const { chains } = planPolicy(policy(rule), nicMap(nic), host);
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
  expect(() => planPolicy(policy(rule), nicMap(nic), host)).toThrow(NetworkInputError);
});

test("a group's members are the plugged NICs in it", () => {
  const [second, unplugged] = [sampleNic(11), sampleNic(12)];
  const part = planPolicy(
    {
      nics: [nic, second, unplugged].map(({ nicId }) => ({ nicId, groupIds: [group, otherGroup] })),
      groups: [
        {
          groupId: group,
          rules: [
            { direction: 'ingress', protocol: '-1', peer: { kind: 'group', groupId: otherGroup } },
          ],
        },
      ],
    },
    nicMap(nic, second),
    host,
  );
  expect(part.sets[`members-${otherGroup}`]?.elements).toEqual([nic.privateIp, second.privateIp]);
  const both = chainName({ chainPrefix: 'in' }, [group, otherGroup]);
  expect(part.ingress).toEqual([nic, second].map((each) => `${each.privateIp} : goto ${both}`));
  expect(part.chains[both]?.rules).toEqual([`jump in-${group}`, `jump in-${otherGroup}`]);
});

test('NICs of the same groups, in any order and number, share a chain that nft can name', () => {
  const ids = Array.from(
    { length: 40 },
    (_, index): `sg-${string}` => `sg-000000000000000${10 + index}`,
  );
  const second = sampleNic(11);
  const named = (nics: NetworkPolicy['nics']) =>
    planPolicy({ nics, groups: [] }, nicMap(nic, second), host).ingress.map(
      (verdict) => verdict.split('goto ')[1] ?? '',
    );
  const [one = '', other] = named([
    { nicId: nic.nicId, groupIds: ids },
    { nicId: second.nicId, groupIds: ids.toReversed() },
  ]);
  expect(one).toBe(other);
  expect(one.length).toBeLessThanOrEqual(64);
  expect(named([{ nicId: nic.nicId, groupIds: ids.slice(1) }])).not.toEqual([one]);
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
const anyPolicy: fc.Arbitrary<NetworkPolicy> = fc.record({
  nics: fc.uniqueArray(
    fc.record({
      nicId: fc.constantFrom(10, 11, 12).map((index) => sampleNic(index).nicId),
      groupIds: fc.uniqueArray(fc.constantFrom(...groupIds)),
    }),
    { selector: (entry) => entry.nicId },
  ),
  groups: fc.uniqueArray(
    fc.record({
      groupId: fc.constantFrom(...groupIds),
      rules: fc.array(anyRule, { maxLength: 4 }),
    }),
    { selector: (entry) => entry.groupId },
  ),
});

test('only rules make lines that pass anything, and every name that is used exists', () => {
  const nics = nicMap(sampleNic(10), sampleNic(11));
  fc.assert(
    fc.property(anyPolicy, (wanted) => {
      const part = planPolicy(wanted, nics, host);
      for (const [name, chain] of Object.entries(part.chains)) {
        const passing = chain.rules.filter((line) => /accept$|goto arriving$/.test(line));
        const [direction, groupId] = name.split(/-(?=sg-)/);
        const rules = wanted.groups.find((each) => each.groupId === groupId)?.rules ?? [];
        const mine = rules.filter((rule) =>
          rule.direction.startsWith(direction === 'in' ? 'in' : 'e'),
        );
        expect(passing.length).toBe(
          groupId === undefined ? 0 : new Set(mine.map((r) => JSON.stringify(r))).size,
        );
      }
      const used = [...part.ingress, ...part.egress].map(
        (verdict) => verdict.split('goto ')[1] ?? '',
      );
      const jumps = Object.values(part.chains).flatMap((chain) =>
        chain.rules.filter((line) => line.startsWith('jump ')).map((line) => line.slice(5)),
      );
      for (const name of [...used, ...jumps]) expect(Object.keys(part.chains)).toContain(name);
      const named = Object.values(part.chains).flatMap((chain) =>
        chain.rules.flatMap((line) => /@(\S+)/.exec(line)?.[1] ?? []),
      );
      for (const name of named) expect(Object.keys(part.sets)).toContain(name);
    }),
  );
});

test('a NIC that is not plugged, not named, or in no group has no verdict', () => {
  const part = planPolicy(
    { ...policy(), nics: [{ nicId: nic.nicId, groupIds: [] }] },
    nicMap(nic),
    host,
  );
  expect([...part.ingress, ...part.egress]).toEqual([]);
  expect(planPolicy(policy(), nicMap(), host).ingress).toEqual([]);
});
