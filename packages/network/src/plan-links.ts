import { formatCidr } from '@bakehouse/base';
import type { Addressing } from './addressing.ts';
import {
  metadataAddress,
  type NetworkNames,
  routerAddress,
  timeAddress,
  uplinkName,
} from './network-names.ts';

/** Written on the host's link: says whose it is. A link with another alias is replaced. */
export function linkAlias(addressing: Addressing, directory: string): string {
  const ranges = [addressing.publicCidr, addressing.transitCidr].map(formatCidr).join(' ');
  return `bakehouse ${ranges} ${directory}`.slice(0, 255);
}

export function linkLines(names: NetworkNames, addressing: Addressing, alias: string): string[] {
  const { hostLink: link } = names;
  const { hostAddress, namespaceAddress } = addressing;
  const ranges = [
    addressing.transitCidr,
    ...(addressing.isLoopbackPool ? [] : [addressing.publicCidr]),
  ];
  return [
    `link set dev ${link} up alias "${alias}"`,
    `address replace ${hostAddress}/30 dev ${link}`,
    ...ranges.map(
      (range) => `route replace ${formatCidr(range)} via ${namespaceAddress} dev ${link}`,
    ),
  ];
}

/** The router's own addresses, by `DEVICE ADDRESS`, and its routes that lead to no VPC, as `ip route` takes them. */
export function routerPlaces(
  addressing: Addressing,
  outbound: boolean,
): { readonly addresses: readonly string[]; readonly routes: readonly string[] } {
  return {
    addresses: [
      ...[metadataAddress, timeAddress, routerAddress].map((address) => `lo ${address}/32`),
      `${uplinkName} ${addressing.namespaceAddress}/30`,
    ],
    routes: [
      // A public address that no guest has.
      `unreachable ${formatCidr(addressing.transitCidr)}`,
      outbound ? `default via ${addressing.hostAddress} dev ${uplinkName}` : 'unreachable default',
    ],
  };
}

/** The router: addresses of its own, and a way to the host. */
export function routerLines(addressing: Addressing, outbound: boolean): string[] {
  const { addresses, routes } = routerPlaces(addressing, outbound);
  return [
    'link set dev lo up',
    `link set dev ${uplinkName} up`,
    ...addresses.map((each) => {
      const [device, address] = each.split(' ');
      return `address replace ${address} dev ${device}`;
    }),
    ...routes.map((route) => `route replace ${route}`),
  ];
}

/** Of every link. */
const linkSettings: Readonly<Record<string, number>> = {
  arp_ignore: 0,
  route_localnet: 0,
  send_redirects: 0,
  accept_redirects: 0,
};

/** `default` is for links that are made later, which inherit it. */
function settingsFor(
  links: Readonly<Record<'default' | 'uplink', Readonly<Record<string, number>>>>,
) {
  const every = { ...linkSettings, proxy_arp: 0, rp_filter: 0 };
  const places = {
    all: every,
    default: { ...every, ...links.default },
    [uplinkName]: { ...every, ...links.uplink },
  };
  return Object.entries(places).flatMap(([place, settings]) =>
    Object.entries(settings).map(([name, value]) => `net.ipv4.conf.${place}.${name}=${value}`),
  );
}

/** The way back decides who may send as whom. Applied when its uplink exists, before it is linked to any VPC. */
export const routerSettings: readonly string[] = [
  'net.ipv4.ip_forward=1',
  ...settingsFor({ default: { rp_filter: 1 }, uplink: { rp_filter: 1 } }),
];

/**
 * In a VPC the filters decide who may send as whom, as its routes differ by subnet. Applied when its uplink exists,
 * before any port.
 */
export const vpcSettings: readonly string[] = [
  'net.ipv4.ip_forward=1',
  ...settingsFor({ default: { proxy_arp: 1 }, uplink: {} }),
];

/** These do not exist where the kernel has no IPv6. `all` is for the links that exist. */
export const ipv6Settings: readonly string[] = [
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
];
