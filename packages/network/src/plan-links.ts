import { addressAt, formatCidr, parseIp } from '@bakehouse/base';
import type { Nic } from '@bakehouse/domain';
import type { Addressing } from './addressing.ts';
import { subnetOf, vpcOf } from './check-nic.ts';
import {
  metadataAddress,
  type NetworkNames,
  resolverAddress,
  tapName,
  uplinkName,
} from './network-names.ts';
import { vpcResolver } from './plan-guest-tables.ts';

/**
 * The line of `ip -batch` that creates a NIC's device, which only `user` may use. Tests use a veth pair instead of a
 * tap.
 */
export type DeviceCommand = (device: string, nic: Nic, user?: number) => string;

export const tapCommand: DeviceCommand = (device, _nic, user) =>
  `tuntap add dev ${device} mode tap vnet_hdr${user === undefined ? '' : ` user ${user}`}`;

/** The router: the first address of the NIC's subnet. */
export function routerOf(nic: Nic): string {
  return addressAt(subnetOf(nic), 1);
}

/**
 * A device is a routed port of one guest: it has the router's address and the guest's /32 behind it, and it answers
 * ARP for every other guest. There is no bridge, so guests share no Ethernet.
 */
export function plugLines(nic: Nic, makeDevice: string | undefined): string[] {
  const device = tapName(nic.nicId);
  return [
    ...(makeDevice === undefined ? [] : [makeDevice]),
    `link set dev ${device} address ${routerMac(nic)} up`,
    `address replace ${routerOf(nic)}/32 dev ${device}`,
    `ntable change name arp_cache dev ${device} proxy_delay 0`,
    `route replace ${nic.privateIp}/32 dev ${device}`,
    ...vpcLines(nic),
  ];
}

/** What the VPC has, whichever NIC is plugged: its resolver, and a black hole for addresses that nobody has. */
function vpcLines(nic: Nic): string[] {
  return [
    `address replace ${vpcResolver(nic)}/32 dev lo`,
    `route replace blackhole ${formatCidr(vpcOf(nic))}`,
  ];
}

/** Undoes what `plugLines` made for a VPC that has no NIC any more. */
export function vpcGoneLines(nic: Nic): string[] {
  return [
    `address delete ${vpcResolver(nic)}/32 dev lo`,
    `route delete blackhole ${formatCidr(vpcOf(nic))}`,
  ];
}

/** The same for all ports of a subnet, so a guest's ARP table stays right across stop and start. */
function routerMac(nic: Nic): string {
  const address = parseIp(routerOf(nic)) ?? 0;
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  return ['02', '00', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

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

export function namespaceLines(addressing: Addressing, outbound: boolean): string[] {
  return [
    'link set dev lo up',
    ...[metadataAddress, resolverAddress].map((address) => `address replace ${address}/32 dev lo`),
    `link set dev ${uplinkName} up`,
    `address replace ${addressing.namespaceAddress}/30 dev ${uplinkName}`,
    outbound
      ? `route replace default via ${addressing.hostAddress} dev ${uplinkName}`
      : `route replace unreachable default`,
  ];
}

/** Applied before any port is created, as ports inherit `default`. */
export const namespaceSettings: readonly string[] = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.default.proxy_arp=1',
  'net.ipv4.conf.default.arp_ignore=0',
  'net.ipv4.conf.default.rp_filter=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.route_localnet=0',
  'net.ipv4.conf.all.route_localnet=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.accept_redirects=0',
  'net.ipv4.conf.all.accept_redirects=0',
  'net.ipv4.conf.all.proxy_arp=0',
];

export const uplinkSettings: readonly string[] = [`net.ipv4.conf.${uplinkName}.proxy_arp=0`];
/** These do not exist where the kernel has no IPv6. */
export const ipv6Settings: readonly string[] = [
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
];
