import { addressAt, formatCidr, parseIp } from '@bakehouse/base';
import type { Nic, PolicyNic, VpcTopology } from '@bakehouse/domain';
import { subnetOf } from './check-nic.ts';
import { resolverAddress, routerAddress, tapName, uplinkName } from './network-names.ts';
import type { PluggedNic } from './network-records.ts';
import {
  checkedDestination,
  type HopOf,
  type RouteHop,
  subnetMark,
  subnetRoutes,
  vpcResolver,
} from './plan-routes.ts';
import { addressesOf } from './plan-vpc-table.ts';

/** The line of `ip -batch` that creates a NIC's device, owned by a user. Tests use a veth pair instead of a tap. */
export type DeviceCommand = (device: string, nic: Nic, user?: number) => string;

export const tapCommand: DeviceCommand = (device, _, user) =>
  `tuntap add dev ${device} mode tap${user === undefined ? '' : ` user ${user}`} vnet_hdr`;

/** The router: the first address of the NIC's subnet. */
export function routerOf(nic: Nic): string {
  return addressAt(subnetOf(nic), 1);
}

/** What `ip` makes in a VPC's namespace, as a value. */
export interface VpcLinks {
  readonly ports: ReadonlyMap<string, PluggedNic>;
  /** By `DEVICE ADDRESS`. */
  readonly addresses: ReadonlySet<string>;
  /** By `TABLE DESTINATION`; the value is what `ip route` takes. */
  readonly routes: ReadonlyMap<string, string>;
  /** The tables that marks lead to. */
  readonly marks: ReadonlySet<number>;
}

/** What a VPC has without its NICs: `hopOf` says which of them its routes may lead to. */
export function vpcLinks(
  vpc: VpcTopology | undefined,
  { linkAddress, hopOf }: { readonly linkAddress: string; readonly hopOf: HopOf },
): VpcLinks {
  const addresses = new Set([`${uplinkName} ${linkAddress}`, `lo ${resolverAddress}`]);
  const routes = new Map<string, string>();
  routes.set('main default', `default via ${routerAddress} dev ${uplinkName} onlink`);
  const resolver = vpc && vpcResolver(vpc);
  if (resolver) addresses.add(`lo ${resolver}`);
  for (const cidr of vpc?.cidrs.map(checkedDestination) ?? []) {
    routes.set(`main ${formatCidr(cidr)}`, `blackhole ${formatCidr(cidr)}`);
  }
  for (const subnet of vpc?.subnets ?? []) {
    const mark = subnetMark(subnet.subnetId);
    for (const [destination, route] of vpc ? subnetRoutes(vpc, subnet, hopOf) : []) {
      routes.set(`${mark} ${destination}`, route);
    }
  }
  const marks = new Set((vpc?.subnets ?? []).map(({ subnetId }) => subnetMark(subnetId)));
  return { ports: new Map(), addresses, routes, marks };
}

/** Whether routes of the VPC lead to one of these NICs. */
export function isRoutedTo(vpc: VpcTopology | undefined, nicIds: ReadonlySet<string>): boolean {
  const routes = vpc?.subnets.flatMap((subnet) => subnet.routes) ?? [];
  return routes.some(({ target }) => target.kind === 'interface' && nicIds.has(target.nicId));
}

/**
 * A NIC's port. The device is a routed port of one guest: it has the router's address and the guest's /32 behind it, and
 * it answers ARP for every other guest. There is no bridge, so guests share no Ethernet.
 */
export function portLinks(nic: PluggedNic, policy: PolicyNic | undefined): VpcLinks {
  const device = tapName(nic.nicId);
  const routes = addressesOf(nic, policy).map(
    (address) => [`main ${address}`, `${address} dev ${device}`] as const,
  );
  return {
    ports: new Map([[device, nic]]),
    addresses: new Set([`${device} ${routerOf(nic)}`]),
    routes: new Map(routes),
    marks: new Set(),
  };
}

/** The guest that a route may lead to: plugged, with its source/destination check off. */
export function hopTo(
  nic: PluggedNic | undefined,
  policy: PolicyNic | undefined,
): RouteHop | undefined {
  if (nic === undefined || policy?.sourceDestCheck !== false) return undefined;
  return { device: tapName(nic.nicId), address: nic.privateIp };
}

/** What the kernel has, of the same things. */
export interface FoundLinks extends Omit<VpcLinks, 'ports'> {
  /** Ports with their settings, as `portSettings` has them. */
  readonly devices: ReadonlyMap<string, string>;
}

export const nothingFound: FoundLinks = {
  devices: new Map(),
  addresses: new Set(),
  routes: new Map(),
  marks: new Set(),
};

export function foundOf({ ports, ...links }: VpcLinks): FoundLinks {
  return {
    ...links,
    devices: new Map([...ports].map(([name, nic]) => [name, portSettings(nic)])),
  };
}

export interface LinkCommands {
  readonly device: DeviceCommand;
  readonly userOf: (nic: PluggedNic) => number | undefined;
}

/** The lines of `ip -batch` that turn what was found into what is wanted. None when they are equal. */
export function linkChanges(
  found: FoundLinks,
  wanted: VpcLinks,
  { device, userOf }: LinkCommands,
): string[] {
  const gone = [...found.devices.keys()].filter((name) => !wanted.ports.has(name));
  const isGone = (text: string) => gone.some((name) => text.split(' ').includes(name));
  const made = [...wanted.ports].filter(([name]) => !found.devices.has(name));
  // A port that was moved here, or whose making was interrupted, is down.
  const set = [...wanted.ports].filter(
    ([name, nic]) => found.devices.get(name) !== portSettings(nic),
  );
  const addresses = [...wanted.addresses].filter((each) => !found.addresses.has(each));
  const routes = [...wanted.routes].filter(([key, route]) => found.routes.get(key) !== route);
  const oldRoutes = [...found.routes].filter(
    ([key, route]) => !wanted.routes.has(key) && !isGone(route),
  );
  const oldAddresses = [...found.addresses].filter(
    (each) => !wanted.addresses.has(each) && !isGone(each),
  );
  return [
    ...made.map(([name, nic]) => device(name, nic, userOf(nic))),
    ...set.flatMap(([name, nic]) => portLines(name, nic)),
    ...addresses.map((each) => addressLine('replace', each)),
    ...oldMarks(wanted.marks, found.marks).map((mark) => ruleLine('add', mark)),
    ...routes.map(([key, route]) => `route replace ${route} table ${tableOf(key)}`),
    ...deleteLines(gone),
    ...oldRoutes.map(([key]) => `route delete ${key.split(' ')[1]} table ${tableOf(key)}`),
    ...oldMarks(found.marks, wanted.marks).map((mark) => ruleLine('delete', mark)),
    ...oldAddresses.map((each) => addressLine('delete', each)),
  ];
}

/** All ports of a namespace. The kernel deletes a group of links in the time of one. */
export const portGroup = 169;
/** Ports that are about to be deleted. */
const goneGroup = 170;

function deleteLines(gone: readonly string[]): string[] {
  if (gone.length < 2) return gone.map((name) => `link delete dev ${name}`);
  return [
    ...gone.map((name) => `link set dev ${name} group ${goneGroup}`),
    `link delete group ${goneGroup}`,
  ];
}

function portLines(device: string, nic: PluggedNic): string[] {
  return [
    `link set dev ${device} ${portSettings(nic)}`,
    `ntable change name arp_cache dev ${device} proxy_delay 0`,
  ];
}

/** Its address as a router, its group, and that it is up. */
function portSettings(nic: PluggedNic): string {
  return `address ${routerMac(nic)} group ${portGroup} up`;
}

function addressLine(verb: 'replace' | 'delete', deviceAndAddress: string): string {
  const [device, address] = deviceAndAddress.split(' ');
  return `address ${verb} ${address}/32 dev ${device}`;
}

function ruleLine(verb: 'add' | 'delete', mark: number): string {
  return `rule ${verb} priority 100 fwmark ${mark} lookup ${mark}`;
}

function tableOf(key: string): string {
  return key.split(' ')[0] ?? '';
}

function oldMarks(from: ReadonlySet<number>, other: ReadonlySet<number>): number[] {
  return [...from].filter((mark) => !other.has(mark));
}

/** The same for all ports of a subnet, so a guest's ARP table stays right across stop and start. */
function routerMac(nic: Nic): string {
  const address = parseIp(routerOf(nic)) ?? 0;
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  return ['02', '00', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** As `ip -j` lists links and addresses. */
export interface ListedAddress {
  readonly ifname: string;
  readonly address?: string;
  readonly group?: string;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}
export interface ListedRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
  readonly flow?: { readonly to?: string };
  readonly flags?: readonly string[];
  readonly protocol?: string;
}
interface ListedRule {
  readonly fwmark?: string;
  readonly table?: string;
}

/** The lines for `ip -4 -j -batch` whose output `foundLinks` reads. */
export const listLinks = ['link show', 'address show', 'route show table all', 'rule show'];

export function foundLinks(output: string): FoundLinks {
  const [links = '[]', local = '[]', routes = '[]', rules = '[]'] = output.split('\n');
  const parsedLinks: readonly ListedAddress[] = JSON.parse(links);
  const listed: readonly ListedAddress[] = JSON.parse(local);
  const parsedRoutes: readonly ListedRoute[] = JSON.parse(routes);
  const parsedRules: readonly ListedRule[] = JSON.parse(rules);
  const ports = parsedLinks.filter(({ ifname }) => ifname.startsWith('tap'));
  const settingsOf = ({ address, group, flags = [] }: ListedAddress) =>
    `address ${address} group ${group} ${flags.includes('UP') ? 'up' : 'down'}`;
  const addresses = listed.flatMap(({ ifname, addr_info = [] }) =>
    addr_info.flatMap(({ local }) =>
      local && local !== '127.0.0.1' ? [`${ifname} ${local}`] : [],
    ),
  );
  const shown = parsedRoutes.filter(({ table }) => table !== 'local');
  return {
    devices: new Map(ports.map((port) => [port.ifname, settingsOf(port)])),
    addresses: new Set(addresses),
    routes: new Map(
      shown.map((route) => [`${route.table ?? 'main'} ${route.dst}`, routeText(route)]),
    ),
    marks: new Set(parsedRules.flatMap(({ fwmark }) => (fwmark ? [Number(fwmark)] : []))),
  };
}

/** As `ip route` takes it. */
export function routeText({ type, dst, gateway, dev, flags = [], flow }: ListedRoute): string {
  return [
    ...(type === undefined || type === 'unicast' ? [] : [type]),
    dst,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    // Routes to nowhere are listed with a device.
    ...(dev === undefined || (type !== undefined && type !== 'unicast') ? [] : [`dev ${dev}`]),
    ...(flags.includes('onlink') ? ['onlink'] : []),
    ...(flow?.to === undefined ? [] : [`realm ${flow.to}`]),
  ].join(' ');
}
