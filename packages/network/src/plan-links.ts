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

const commonSettings: readonly string[] = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.default.arp_ignore=0',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.route_localnet=0',
  'net.ipv4.conf.all.route_localnet=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.accept_redirects=0',
  'net.ipv4.conf.all.accept_redirects=0',
  'net.ipv4.conf.all.proxy_arp=0',
];

/** Applied before any link is created, as links inherit `default`. The way back decides who may send as whom. */
export const routerSettings: readonly string[] = [
  ...commonSettings,
  'net.ipv4.conf.default.proxy_arp=0',
  'net.ipv4.conf.default.rp_filter=1',
];

/** In a VPC the filters decide who may send as whom, as its routes differ by subnet. */
export const vpcSettings: readonly string[] = [
  ...commonSettings,
  'net.ipv4.conf.default.proxy_arp=1',
  'net.ipv4.conf.default.rp_filter=0',
];

export const uplinkSettings: readonly string[] = [`net.ipv4.conf.${uplinkName}.proxy_arp=0`];
/** These do not exist where the kernel has no IPv6. */
export const ipv6Settings: readonly string[] = [
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
];
