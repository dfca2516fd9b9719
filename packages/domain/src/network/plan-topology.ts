import { addressAt, invariant, parseCidr } from '@bakehouse/base';
import type {
  DhcpSettings,
  RouteTarget,
  VpcNatGateway,
  VpcRoute,
  VpcSubnet,
  VpcTopology,
} from '../ports/network.ts';
import type { NetworkInterfaceId, PrefixListId } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { NatGateway } from '../records/nat-gateway.ts';
import type { Subnet, Vpc } from '../records/network.ts';
import type { PrefixList } from '../records/prefix-list.ts';
import type {
  DhcpOptionKey,
  DhcpOptions,
  InternetGateway,
  NetworkAcl,
  RouteEntry,
  RouteEntryTarget,
  RouteTable,
} from '../records/routing.ts';
import { amazonProvidedDns } from './plan-vpc.ts';
import { isWorkingNatGateway } from './route-state.ts';
import { outsideOf, vpcCidrs } from './vpc-ranges.ts';

/** Every record that a VPC's topology follows from. */
export interface TopologyRecords {
  readonly vpc: Vpc;
  readonly subnets: readonly Subnet[];
  readonly routeTables: readonly RouteTable[];
  readonly acls: readonly NetworkAcl[];
  /** The one that is attached. */
  readonly internetGateway: InternetGateway | undefined;
  readonly natGateways: readonly NatGateway[];
  /** The VPC's set; undefined for the set `default`, which has no options. */
  readonly dhcpOptions: DhcpOptions | undefined;
  /** Those of the interfaces that routes name which are attached in this VPC. */
  readonly liveInterfaces: ReadonlySet<NetworkInterfaceId>;
  /** Those that routes name. */
  readonly prefixLists: ReadonlyMap<PrefixListId, PrefixList>;
}

const blackhole: RouteTarget = { kind: 'blackhole' };

/** Where a route leads; a target that is gone, or is in another VPC by now, is a black hole. */
function routeTarget(target: RouteEntryTarget, records: TopologyRecords): RouteTarget {
  switch (target.kind) {
    case 'internet-gateway':
      return records.internetGateway?.id === target.id ? { kind: 'internet' } : blackhole;
    case 'nat-gateway': {
      const works = records.natGateways.some(
        (gateway) => gateway.id === target.id && isWorkingNatGateway(gateway),
      );
      return works ? { kind: 'nat', natGatewayId: target.id } : blackhole;
    }
    case 'interface':
      return records.liveInterfaces.has(target.id)
        ? { kind: 'interface', nicId: target.id }
        : blackhole;
  }
}

const isPrefixListId = (destination: RouteEntry['destination']): destination is PrefixListId =>
  destination.startsWith('pl-');

/** The ranges of a destination: a range, or those of a prefix list. */
function rangesOf(
  destination: RouteEntry['destination'],
  { prefixLists }: TopologyRecords,
): readonly string[] {
  if (!isPrefixListId(destination)) return [destination];
  return (prefixLists.get(destination)?.entries ?? []).map(({ cidr }) => cidr);
}

/**
 * Each IPv4 range once: a route to the range itself wins over one to a prefix list that has it, as in EC2. Entries of lists
 * that are parts of the VPC are left out: its local routes win.
 */
function routesOf(table: RouteTable, records: TopologyRecords): readonly VpcRoute[] {
  const byRange = new Map<string, VpcRoute>();
  const isOutside = outsideOf(vpcCidrs(records.vpc));
  const listsLast = table.routes.toSorted(
    (a, b) => Number(isPrefixListId(a.destination)) - Number(isPrefixListId(b.destination)),
  );
  for (const { destination, target: entry } of listsLast) {
    const target = routeTarget(entry, records);
    for (const range of rangesOf(destination, records)) {
      if (range.includes(':') || byRange.has(range) || !isOutside(range)) continue;
      byRange.set(range, { destination: range, target });
    }
  }
  return [...byRange.values()];
}

/** The routes of each table, which all of its subnets share: many subnets may have one long table. */
type RoutesByTable = ReadonlyMap<string, readonly VpcRoute[]>;

function subnetOf(subnet: Subnet, records: TopologyRecords, routes: RoutesByTable): VpcSubnet {
  const tableId = subnet.routeTable?.routeTableId ?? records.vpc.mainRouteTable.routeTableId;
  const acl = records.acls.find(({ id }) => id === subnet.networkAcl.networkAclId);
  return {
    subnetId: subnet.id,
    cidr: subnet.cidr,
    routes: routes.get(tableId) ?? [],
    // Guests have no IPv6 addresses.
    acl: (acl?.entries ?? []).filter(({ cidr }) => !cidr.includes(':')),
  };
}

function natGatewayOf(gateway: NatGateway): readonly VpcNatGateway[] {
  const { id: natGatewayId, subnetId, connectivity, addresses } = gateway;
  const primary = addresses.find(({ isPrimary }) => isPrimary);
  if (!primary || !isWorkingNatGateway(gateway)) return [];
  const publicIp = connectivity === 'public' ? primary.publicIp : undefined;
  const { privateIp } = primary;
  return [{ natGatewayId, subnetId, privateIp, ...definedMembers({ publicIp }) }];
}

/** The VPC's own resolver: the third address of its primary range. */
function resolverOf({ cidr }: Vpc): string {
  const range = parseCidr(cidr);
  invariant(range, `${cidr} is an IPv4 range`);
  return addressAt(range, 2);
}

/** The options as DHCP gives them to guests. A set without name servers gives none. */
function dhcpOf({ vpc, dhcpOptions }: TopologyRecords): DhcpSettings {
  const values = (key: DhcpOptionKey) =>
    dhcpOptions?.options.find((option) => option.key === key)?.values;
  const servers = values('domain-name-servers') ?? [];
  const isOwnResolver = servers.length === 1 && servers[0] === amazonProvidedDns;
  const nodeType = values('netbios-node-type')?.[0];
  return definedMembers({
    domainName: values('domain-name')?.[0],
    domainNameServers: isOwnResolver
      ? undefined
      : servers.map((server) => (server === amazonProvidedDns ? resolverOf(vpc) : server)),
    ntpServers: values('ntp-servers'),
    netbiosNameServers: values('netbios-name-servers'),
    netbiosNodeType: nodeType === undefined ? undefined : Number(nodeType),
  });
}

/** A VPC as the network makes it. Pure. */
export function planTopology(records: TopologyRecords): VpcTopology {
  const { vpc, subnets, routeTables, internetGateway, natGateways } = records;
  const routes = new Map(routeTables.map((table) => [table.id, routesOf(table, records)]));
  return {
    vpcId: vpc.id,
    cidrs: vpcCidrs(vpc),
    hasInternetGateway: internetGateway !== undefined,
    dnsSupport: vpc.dnsSupport,
    dhcp: dhcpOf(records),
    subnets: subnets.map((subnet) => subnetOf(subnet, records, routes)),
    natGateways: natGateways.flatMap(natGatewayOf),
  };
}
