import { expect, test } from 'vitest';
import type { NatGateway } from '../records/nat-gateway.ts';
import type { Subnet, Vpc } from '../records/network.ts';
import type { DhcpOption, RouteEntry, RouteTable } from '../records/routing.ts';
import { planTopology, type TopologyRecords } from './plan-topology.ts';

const common = { ownerId: '123456789012', region: 'us-east-1', tags: {}, createdAt: 0 };
const vpcId = 'vpc-1' as const;

const vpc: Vpc = {
  ...common,
  id: vpcId,
  cidr: '10.0.0.0/16',
  cidrAssociationId: 'vpc-cidr-assoc-1',
  isDefault: false,
  mainRouteTable: { routeTableId: 'rtb-main', associationId: 'rtbassoc-1' },
  dnsSupport: true,
  dnsHostnames: false,
};
const subnet: Subnet = {
  ...common,
  id: 'subnet-1',
  vpcId,
  zone: 'us-east-1a',
  cidr: '10.0.1.0/24',
  defaultForZone: false,
  mapPublicIpOnLaunch: false,
  networkAcl: { networkAclId: 'acl-1', associationId: 'aclassoc-1' },
};
const everything = { ruleNumber: 100, allow: true, protocol: '-1' } as const;
const gateway = { ...common, id: 'igw-1', vpcId } as const;

const records = (changes: Partial<TopologyRecords> = {}): TopologyRecords => ({
  vpc,
  subnets: [subnet],
  routeTables: [],
  acls: [],
  internetGateway: undefined,
  natGateways: [],
  dhcpOptions: undefined,
  liveInterfaces: new Set(),
  prefixLists: new Map(),
  ...changes,
});

const table = (id: RouteTable['id'], ...routes: RouteEntry[]): RouteTable => ({
  ...{ ...common, id, vpcId, routes },
});
const routesOf = (given: TopologyRecords) => planTopology(given).subnets[0]?.routes;

const toGateway = { kind: 'internet-gateway', id: 'igw-1' } as const;
const toNat = { kind: 'nat-gateway', id: 'nat-1' } as const;
const toInterface = { kind: 'interface', id: 'eni-1' } as const;

function natGateway(changes: Partial<NatGateway> = {}): NatGateway {
  return {
    ...common,
    id: 'nat-1',
    vpcId,
    subnetId: 'subnet-2',
    connectivity: 'public',
    state: 'available',
    addresses: [{ nicId: 'eni-9', privateIp: '10.0.2.9', publicIp: '127.18.0.9', isPrimary: true }],
    ...changes,
  };
}

test('a subnet is routed by its own table, or else by the main one', () => {
  const tables = [
    table('rtb-main', { destination: '0.0.0.0/0', target: toGateway }),
    table('rtb-own', { destination: '192.0.2.0/24', target: toGateway }),
  ];
  const given = { routeTables: tables, internetGateway: gateway };
  expect(routesOf(records(given))).toEqual([
    { destination: '0.0.0.0/0', target: { kind: 'internet' } },
  ]);
  const own = { routeTableId: 'rtb-own', associationId: 'rtbassoc-2' } as const;
  const subnets = [{ ...subnet, routeTable: own }];
  expect(routesOf(records({ ...given, subnets }))).toEqual([
    { destination: '192.0.2.0/24', target: { kind: 'internet' } },
  ]);
});

test.each<[string, RouteEntry['target'], Partial<TopologyRecords>, object]>([
  ['a gateway', toGateway, { internetGateway: gateway }, { kind: 'internet' }],
  ['a detached gateway', toGateway, {}, { kind: 'blackhole' }],
  [
    'another gateway than the attached one',
    toGateway,
    { internetGateway: { ...gateway, id: 'igw-2' } },
    { kind: 'blackhole' },
  ],
  ['a NAT gateway', toNat, { natGateways: [natGateway()] }, { kind: 'nat', natGatewayId: 'nat-1' }],
  [
    'a deleted NAT gateway',
    toNat,
    { natGateways: [natGateway({ state: 'deleted' })] },
    { kind: 'blackhole' },
  ],
  [
    'an interface',
    toInterface,
    { liveInterfaces: new Set(['eni-1' as const]) },
    { kind: 'interface', nicId: 'eni-1' },
  ],
  ['an interface that is gone', toInterface, {}, { kind: 'blackhole' }],
])('a route to %s', (_, target, changes, expected) => {
  const routeTables = [table('rtb-main', { destination: '0.0.0.0/0', target })];
  expect(routesOf(records({ ...changes, routeTables }))).toEqual([
    { destination: '0.0.0.0/0', target: expected },
  ]);
});

test('a route to a prefix list is one to each of its IPv4 ranges, and a route to a range wins', () => {
  const list = {
    ...common,
    id: 'pl-1',
    name: 'list',
    addressFamily: 'IPv4',
    maxEntries: 5,
    version: 1,
    entries: [{ cidr: '192.0.2.0/24' }, { cidr: '203.0.113.0/24' }, { cidr: '2001:db8::/32' }],
  } as const;
  const routeTables = [
    table(
      'rtb-main',
      { destination: 'pl-1', target: toGateway },
      { destination: '192.0.2.0/24', target: toInterface },
    ),
  ];
  const given = { routeTables, internetGateway: gateway, prefixLists: new Map([[list.id, list]]) };
  expect(routesOf(records(given))).toEqual([
    { destination: '192.0.2.0/24', target: { kind: 'blackhole' } },
    { destination: '203.0.113.0/24', target: { kind: 'internet' } },
  ]);
});

test('the routes of a table are made once for all of its subnets', () => {
  const routeTables = [table('rtb-main', { destination: '0.0.0.0/0', target: toGateway })];
  const subnets = [subnet, { ...subnet, id: 'subnet-2' as const, cidr: '10.0.2.0/24' }];
  const [first, second] = planTopology(records({ routeTables, subnets })).subnets;
  expect(first?.routes).toHaveLength(1);
  expect(second?.routes).toBe(first?.routes);
});

test('ranges of a prefix list that are the VPC’s, or parts of it, leave its local routes alone', () => {
  const cidrs = ['10.0.0.0/16', '10.0.1.0/24', '100.64.0.0/24', '10.0.0.0/8', '203.0.113.0/24'];
  const list = {
    ...common,
    id: 'pl-1',
    name: 'list',
    addressFamily: 'IPv4',
    maxEntries: 5,
    version: 1,
    entries: cidrs.map((cidr) => ({ cidr })),
  } as const;
  const secondaryCidrs = [{ associationId: 'vpc-cidr-assoc-2', cidr: '100.64.0.0/16' } as const];
  const given = {
    vpc: { ...vpc, secondaryCidrs },
    routeTables: [table('rtb-main', { destination: 'pl-1', target: toGateway })],
    internetGateway: gateway,
    prefixLists: new Map([['pl-1' as const, list]]),
  };
  expect(routesOf(records(given))?.map(({ destination }) => destination)).toEqual([
    '10.0.0.0/8',
    '203.0.113.0/24',
  ]);
});

test('a subnet is filtered by its network ACL, as far as that is of IPv4', () => {
  const entry = { ...everything, direction: 'ingress', cidr: '0.0.0.0/0' } as const;
  const acl = { ...common, id: 'acl-1', vpcId, isDefault: true } as const;
  const entries = [entry, { ...entry, ruleNumber: 90, cidr: '::/0' }];
  expect(planTopology(records({ acls: [{ ...acl, entries }] })).subnets).toMatchObject([
    { subnetId: 'subnet-1', cidr: '10.0.1.0/24', acl: [entry] },
  ]);
});

test('ranges, gateway, DNS and NAT gateways are those of the records', () => {
  const secondaryCidrs = [{ associationId: 'vpc-cidr-assoc-2', cidr: '100.64.0.0/16' } as const];
  const given = records({
    vpc: { ...vpc, secondaryCidrs, dnsSupport: false },
    internetGateway: gateway,
    natGateways: [natGateway(), natGateway({ id: 'nat-2', connectivity: 'private' })],
  });
  expect(planTopology(given)).toMatchObject({
    vpcId,
    cidrs: ['10.0.0.0/16', '100.64.0.0/16'],
    hasInternetGateway: true,
    dnsSupport: false,
    natGateways: [
      {
        natGatewayId: 'nat-1',
        subnetId: 'subnet-2',
        privateIp: '10.0.2.9',
        publicIp: '127.18.0.9',
      },
      { natGatewayId: 'nat-2', subnetId: 'subnet-2', privateIp: '10.0.2.9' },
    ],
  });
  expect(planTopology(given).natGateways[1]).not.toHaveProperty('publicIp');
});

const amazon: DhcpOption = { key: 'domain-name-servers', values: ['AmazonProvidedDNS'] };

test.each<[readonly DhcpOption[] | undefined, object]>([
  [undefined, { domainNameServers: [] }],
  [[amazon], {}],
  [
    [{ key: 'domain-name-servers', values: ['10.0.0.53', 'AmazonProvidedDNS'] }],
    { domainNameServers: ['10.0.0.53', '10.0.0.2'] },
  ],
  [
    [
      amazon,
      { key: 'domain-name', values: ['corp.example'] },
      { key: 'ntp-servers', values: ['10.0.0.123'] },
      { key: 'netbios-name-servers', values: ['10.0.0.7'] },
      { key: 'netbios-node-type', values: ['2'] },
    ],
    {
      domainName: 'corp.example',
      ntpServers: ['10.0.0.123'],
      netbiosNameServers: ['10.0.0.7'],
      netbiosNodeType: 2,
    },
  ],
])('the DHCP options %j', (options, expected) => {
  const dhcpOptions = options && { ...common, id: 'dopt-1' as const, options };
  expect(planTopology(records({ dhcpOptions })).dhcp).toEqual(expected);
});
