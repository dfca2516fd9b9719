import { join } from 'node:path';
import { broadcastOf, formatIp, netmaskOf } from '@bakehouse/base';
import type { Nic, VpcTopology } from '@bakehouse/domain';
import { subnetOf } from './check-nic.ts';
import { metadataAddress, resolverAddress, tapName, uplinkName } from './network-names.ts';
import { checkedDestination, vpcResolver } from './plan-routes.ts';
import { routerOf } from './plan-vpc-links.ts';
import { rememberLast } from './remember-last.ts';

/** Files that dnsmasq reads, by name. It reads all but its configuration again on SIGHUP. */
export type DnsmasqFiles = Readonly<Record<string, string>>;

export const dnsmasqConfigFile = 'dnsmasq.conf';
export const dnsmasqPidFile = 'dnsmasq.pid';
export const dnsmasqLeaseFile = 'leases';

/** The part of a VPC's topology that its DHCP and DNS serve. */
export type ServedVpc = Pick<VpcTopology, 'cidrs' | 'dhcp'>;

/**
 * A static range for each range of the VPC, so a new subnet needs no restart: its mask, router and resolver are
 * options by tag. Every query gets a reply: from the tables, from upstream, or REFUSED.
 */
export function dnsmasqConfig(directory: string, user: string, { cidrs }: ServedVpc): string {
  const ranges = cidrs.map(checkedDestination).map((cidr) => {
    return `dhcp-range=${formatIp(cidr.base)},static,${netmaskOf(cidr)},infinite`;
  });
  return text([
    `user=${user}`,
    `pid-file=${join(directory, dnsmasqPidFile)}`,
    `except-interface=${uplinkName}`,
    'no-hosts',
    'no-resolv',
    `servers-file=${join(directory, 'servers')}`,
    `addn-hosts=${join(directory, 'hosts')}`,
    'local=/internal/',
    'bogus-priv',
    'domain-needed',
    'edns-packet-max=1232',
    ...ranges,
    `dhcp-hostsfile=${join(directory, 'dhcp-hosts')}`,
    `dhcp-optsfile=${join(directory, 'dhcp-options')}`,
    `dhcp-leasefile=${join(directory, dnsmasqLeaseFile)}`,
    'dhcp-lease-max=65536',
    'dhcp-authoritative',
    // A client is identified by its MAC, which its port enforces, and never by the id that it sends.
    'dhcp-ignore-clid',
    'quiet-dhcp',
    // Problems at the start go to stderr. Later ones go nowhere: guests could cause them without end.
    'log-facility=/dev/null',
  ]);
}

/** The tables for these NICs. */
export function dnsmasqTables(
  nics: readonly Nic[],
  vpc: ServedVpc,
  resolvers: readonly string[],
): DnsmasqFiles {
  const domains = new Set(nics.map((nic) => nic.domainName));
  const lines = nics.map((nic) => nicLines(nic, vpc));
  return {
    'dhcp-hosts': text(lines.map(({ lease }) => lease)),
    'dhcp-options': text(lines.flatMap(({ options }) => options)),
    hosts: text([
      ...lines.map(({ name }) => name),
      ...[...domains].map((domain) => `${metadataAddress} instance-data.${domain}`),
    ]),
    servers: text(resolvers.map((address) => `server=${address}`)),
  };
}

/** What a NIC adds. A VPC may have thousands, of which one changes. */
const nicLines = rememberLast((nic: Nic, vpc: ServedVpc) => ({
  lease: [nic.macAddress, nic.privateIp, nic.hostName, 'infinite'].join(','),
  name: `${nic.privateIp} ${nic.hostName}.${nic.domainName}`,
  options: portOptions(nic, vpc),
}));

/**
 * Options by the tag that dnsmasq gives a request for its interface. A tag of our own on a host (`set:`) crashes
 * dnsmasq 2.90 at the first SIGHUP after a lease.
 */
function portOptions(nic: Nic, vpc: ServedVpc): string[] {
  const { domainName, domainNameServers, ntpServers, netbiosNameServers, netbiosNodeType } =
    vpc.dhcp;
  const tag = `tag:${tapName(nic.nicId)}`;
  const subnet = subnetOf(nic);
  const nameServers = domainNameServers ?? [vpcResolver(vpc) ?? resolverAddress];
  return [
    `${tag},option:netmask,${netmaskOf(subnet)}`,
    `${tag},28,${broadcastOf(subnet)}`,
    `${tag},option:router,${routerOf(nic)}`,
    // Without values too: dnsmasq offers its own address unless the option is named.
    [tag, 'option:dns-server', ...nameServers].join(','),
    ...option(tag, 'option:domain-name', [domainName ?? nic.domainName]),
    ...option(tag, 'option:ntp-server', ntpServers),
    ...option(tag, 'option:netbios-ns', netbiosNameServers),
    ...option(
      tag,
      'option:netbios-nodetype',
      netbiosNodeType === undefined ? [] : [netbiosNodeType],
    ),
  ];
}

function option(tag: string, name: string, values: readonly (string | number)[] = []): string[] {
  return values.length === 0 ? [] : [[tag, name, ...values].join(',')];
}

/** The lease file without leases of addresses that now belong to another MAC; undefined when it has no such leases. */
export function withoutStaleLeases(leases: string, nics: readonly Nic[]): string | undefined {
  const owner = new Map(nics.map((nic) => [nic.privateIp, nic.macAddress]));
  const lines = leases.split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => {
    const [, mac, address = ''] = line.split(' ');
    const rightful = owner.get(address);
    return rightful === undefined || rightful === mac;
  });
  return kept.length === lines.length ? undefined : text(kept);
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
