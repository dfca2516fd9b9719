import { addressAt, type Cidr, cidrContains, formatCidr, parseCidr } from '@bakehouse/base';
import type {
  NatGatewayId,
  RouteTarget,
  SubnetId,
  VpcNatGateway,
  VpcRoute,
  VpcSubnet,
  VpcTopology,
} from '@bakehouse/domain';
import { NetworkInputError } from './network-errors.ts';
import { routerAddress, uplinkName } from './network-names.ts';

/** The guest that an `interface` route leads to. */
export interface RouteHop {
  readonly device: string;
  readonly address: string;
}

/** What a route needs of the ports: undefined when the NIC is not plugged, or its source/destination check is on. */
export type HopOf = (nicId: string) => RouteHop | undefined;

/**
 * Names a subnet in packet marks and its table of routes. It follows from the id, so that another process finds the
 * tables of this one. Subnets of one VPC do not collide: 28 random bits of a few hundred.
 */
export function subnetMark(subnetId: SubnetId): number {
  return 0x1000_0000 + Number.parseInt(subnetId.slice(-7).replace('-', '0'), 16);
}

/** The realms (RFC-less numbers of Linux's routes, 1 to 65535) by which packets find their NAT gateway. */
export function natRealms(gateways: readonly VpcNatGateway[]): ReadonlyMap<NatGatewayId, number> {
  const realms = new Map<NatGatewayId, number>();
  const taken = new Set<number>();
  for (const id of gateways.map(({ natGatewayId }) => natGatewayId).sort()) {
    let realm = 1 + (Number.parseInt(id.slice(-6).replace('-', '0'), 16) % 65_535);
    while (taken.has(realm)) realm = 1 + (realm % 65_535);
    taken.add(realm);
    realms.set(id, realm);
  }
  return realms;
}

/** The routes of a subnet as `ip route` takes them, by destination: local ranges, then those of users, then nothing. */
export function subnetRoutes(
  vpc: VpcTopology,
  subnet: VpcSubnet,
  hopOf: HopOf,
): ReadonlyMap<string, string> {
  const realms = natRealms(vpc.natGateways);
  const routes = new Map<string, string>([['default', 'blackhole default']]);
  for (const cidr of vpc.cidrs.map(checkedDestination)) {
    routes.set(formatCidr(cidr), `throw ${formatCidr(cidr)}`);
  }
  for (const { destination, target } of expandedRoutes(vpc, subnet)) {
    const cidr = checkedDestination(destination);
    const name = cidr.prefix === 0 ? 'default' : formatCidr(cidr);
    const way = wayOf(vpc, target, { realms, hopOf });
    routes.set(name, way === undefined ? `blackhole ${name}` : `${name} ${way}`);
  }
  return routes;
}

const outside = `via ${routerAddress} dev ${uplinkName} onlink`;

function wayOf(
  vpc: VpcTopology,
  target: RouteTarget,
  { realms, hopOf }: { readonly realms: ReadonlyMap<string, number>; readonly hopOf: HopOf },
): string | undefined {
  switch (target.kind) {
    case 'internet':
      return vpc.hasInternetGateway ? outside : undefined;
    case 'nat': {
      const realm = realms.get(target.natGatewayId);
      return realm === undefined || !vpc.hasInternetGateway
        ? undefined
        : `${outside} realm ${realm}`;
    }
    case 'interface': {
      const hop = hopOf(target.nicId);
      return hop && `via ${hop.address} dev ${hop.device} onlink`;
    }
    case 'blackhole':
      return undefined;
  }
}

/** The subnet's routes, where one through a NAT gateway is replaced by what the gateway's own subnet allows. */
function expandedRoutes(vpc: VpcTopology, subnet: VpcSubnet): readonly VpcRoute[] {
  return subnet.routes.flatMap((route) =>
    route.target.kind === 'nat' ? throughGateway(vpc, route, route.target) : [route],
  );
}

function throughGateway(
  { natGateways, subnets }: VpcTopology,
  { destination }: VpcRoute,
  target: RouteTarget & { readonly kind: 'nat' },
): readonly VpcRoute[] {
  const gateway = natGateways.find(({ natGatewayId }) => natGatewayId === target.natGatewayId);
  const next = subnets.find(({ subnetId }) => subnetId === gateway?.subnetId)?.routes ?? [];
  const isPublic = gateway?.publicIp !== undefined;
  const targetOf = (route: VpcRoute | undefined): RouteTarget =>
    isPublic && route?.target.kind === 'internet' ? target : { kind: 'blackhole' };
  const range = checkedDestination(destination);
  const within = next.filter((route) => isWithin(checkedDestination(route.destination), range));
  const [covering] = next
    .filter((route) => isWithin(range, checkedDestination(route.destination)))
    .toSorted((one, other) => prefixOf(other) - prefixOf(one));
  return [
    { destination, target: targetOf(covering) },
    ...within.map((route) => ({ destination: route.destination, target: targetOf(route) })),
  ];
}

function prefixOf({ destination }: VpcRoute): number {
  return checkedDestination(destination).prefix;
}

function isWithin(inner: Cidr, outer: Cidr): boolean {
  return inner.prefix >= outer.prefix && cidrContains(outer, inner.base);
}

/** Throws NetworkInputError. Ranges of IPv6 must not get here. */
export function checkedDestination(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new NetworkInputError(`a route cannot have the range '${text}'`);
  return cidr;
}

/** The VPC's resolver: its third address. */
export function vpcResolver({ cidrs }: Pick<VpcTopology, 'cidrs'>): string | undefined {
  const [primary] = cidrs;
  return primary === undefined ? undefined : addressAt(checkedDestination(primary), 2);
}
