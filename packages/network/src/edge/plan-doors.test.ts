import type { PacketRule, PolicyNic, SecurityGroupId } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MutablePolicy } from '../network-state.ts';
import { lowPortShift } from './host-ports.ts';
import { addressDoorsMax, doorsMax, wantedDoors } from './plan-doors.ts';

const vpcId = 'vpc-0123456789abcdef0';
const nicId = 'eni-0123456789abcdef0';
const groupId: SecurityGroupId = 'sg-0123456789abcdef0';
const address = '127.18.0.10';

function doorsOf(rules: readonly PacketRule[], firstOpenPort = 1024, hasInternetGateway = true) {
  const policy = new MutablePolicy();
  const vpc = { vpcId, cidrs: [], hasInternetGateway, dnsSupport: true, dhcp: {} } as const;
  policy.apply(
    policy.changeTo({
      nics: [
        {
          nicId,
          vpcId,
          groupIds: [groupId],
          addresses: [
            { privateIp: '172.31.0.10', publicIp: address },
            { privateIp: '172.31.0.11' },
          ],
          sourceDestCheck: true,
        },
      ],
      groups: [{ groupId, rules }],
      vpcs: [{ ...vpc, subnets: [], natGateways: [] }],
    }),
  );
  return wantedDoors([{ nicId, vpcId }], policy, firstOpenPort).doors;
}

const rule = (overrides: Partial<PacketRule> = {}): PacketRule => ({
  direction: 'ingress',
  protocol: 'tcp',
  fromPort: 22,
  toPort: 22,
  peer: { kind: 'cidr', cidr: '0.0.0.0/0' },
  ...overrides,
});

test('a port that a group opens to the host is a door, moved where only root may listen', () => {
  expect(doorsOf([rule()])).toEqual([{ address, port: 22, hostPort: 20_022 }]);
  expect(doorsOf([rule()], 22)).toEqual([{ address, port: 22, hostPort: 22 }]);
  expect(doorsOf([rule({ protocol: '6', fromPort: 8080, toPort: 8081 })])).toEqual([
    { address, port: 8080, hostPort: 8080 },
    { address, port: 8081, hostPort: 8081 },
  ]);
});

test.each([
  ['it is for others', rule({ peer: { kind: 'cidr', cidr: '10.0.0.0/8' } })],
  ['it is for a group', rule({ peer: { kind: 'group', groupId } })],
  ['it is for IPv6', rule({ peer: { kind: 'cidr', cidr: '::/0' } })],
  ['it is for what guests send', rule({ direction: 'egress' })],
  ['it is for another protocol', rule({ protocol: 'udp' })],
  ['it is for ICMP', rule({ protocol: 'icmp', fromPort: -1, toPort: -1 })],
])('a rule opens no door when %s', (_, each) => {
  expect(doorsOf([each])).toEqual([]);
});

test('the host alone is enough, and without a gateway nothing is', () => {
  expect(doorsOf([rule({ peer: { kind: 'cidr', cidr: '127.0.0.1/32' } })])).toHaveLength(1);
  expect(doorsOf([rule()], 1024, false)).toEqual([]);
});

test('a rule that opens everything opens the usual ports', () => {
  const everything = rule({ protocol: '-1', fromPort: -1, toPort: -1 });
  const ports = doorsOf([everything]).map(({ port }) => port);
  expect(ports).toEqual(expect.arrayContaining([22, 80, 443, 8080]));
  expect(ports.length).toBeLessThan(20);
  expect(doorsOf([rule({ fromPort: 80, toPort: 8000 })]).map(({ port }) => port)).not.toContain(22);
});

test('no port of the host is given twice, and none is one that only root has', () => {
  const ports = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(ports, fc.integer({ min: 0, max: 70 })), { maxLength: 6 }),
      fc.integer({ min: 0, max: 2048 }),
      (ranges, firstOpenPort) => {
        const doors = doorsOf(
          ranges.map(([fromPort, more]) => rule({ fromPort, toPort: fromPort + more })),
          firstOpenPort,
        );
        const hostPorts = doors.map(({ hostPort }) => hostPort);
        expect(new Set(hostPorts).size).toBe(doors.length);
        expect(hostPorts.every((port) => port >= firstOpenPort && port <= 65_535)).toBe(true);
        const moved = doors.filter(({ port, hostPort }) => port !== hostPort);
        expect(moved.every(({ port, hostPort }) => hostPort === port + lowPortShift)).toBe(true);
      },
    ),
  );
});

test('one account does not use up the doors of others, and what is left out is named', () => {
  const greedy: SecurityGroupId = 'sg-00000000000000001';
  const modest: SecurityGroupId = 'sg-00000000000000002';
  const policy = new MutablePolicy();
  const nicOf = (index: number, groupIds: readonly SecurityGroupId[]): PolicyNic => ({
    nicId: `eni-${String(index).padStart(17, '0')}`,
    vpcId,
    groupIds,
    addresses: [{ privateIp: `172.31.1.${index}`, publicIp: `127.18.1.${100 + index}` }],
    sourceDestCheck: true,
  });
  const nics = Array.from({ length: 21 }, (_, index) =>
    nicOf(index, [index < 20 ? greedy : modest]),
  );
  const ranges = Array.from({ length: 60 }, (_, index) =>
    rule({ fromPort: 30_000 + index * 64, toPort: 30_063 + index * 64 }),
  );
  const groups = [
    { groupId: greedy, rules: [...ranges, rule()] },
    { groupId: modest, rules: [rule()] },
  ];
  const vpc = { vpcId, cidrs: [], hasInternetGateway: true, dnsSupport: true, dhcp: {} } as const;
  policy.apply(policy.changeTo({ nics, groups, vpcs: [{ ...vpc, subnets: [], natGateways: [] }] }));
  const plugged = nics.map((nic) => ({ nicId: nic.nicId, vpcId }) as const);
  const { doors, leftOut } = wantedDoors(plugged, policy, 1024);
  expect(doors).toContainEqual({ address: '127.18.1.120', port: 22, hostPort: 20_022 });
  expect(doors.filter(({ port }) => port === 22)).toHaveLength(21);
  expect(doors).toHaveLength(doorsMax);
  const byAddress = [...Map.groupBy(doors, (each) => each.address).values()];
  expect(Math.max(...byAddress.map((all) => all.length))).toBeLessThanOrEqual(addressDoorsMax);
  expect([...leftOut.keys()]).toHaveLength(20);
  const count = [...leftOut.values()].reduce((sum, each) => sum + each, doors.length);
  expect(count).toBe(20 * (60 * 64 + 1) + 1);
});
