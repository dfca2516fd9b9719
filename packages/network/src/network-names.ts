import { join } from 'node:path';
import { addressAt } from '@bakehouse/base';
import type { NetworkInterfaceId, VpcId } from '@bakehouse/domain';
import { NetworkInputError } from './network-errors.ts';

/** A namespace's end of its link: the router's to the host, a VPC's to the router. */
export const uplinkName = 'uplink';
export const metadataAddress = '169.254.169.254';
/** NTP. EC2's Amazon Time Sync Service has this address. */
export const timeAddress = '169.254.169.123';
export const resolverAddress = '169.254.169.253';

/** The router's end of every link to a VPC. Link-local addresses lead nowhere from a guest. */
export const routerAddress = '169.254.127.254';
/** Half for the VPCs' ends of their links, half for guests as the metadata agent sees them. */
const linkRange = { base: 169 * 2 ** 24 + 254 * 2 ** 16, prefix: 17 };
const half = 2 ** 14;
/** All of `linkRange`, for rules. */
export const linkLocalRange = '169.254.0.0/17';
/** The numbers that `vpcLinkAddress` and `guestAddress` take: 1 to this. */
export const linkNumberMax = half - 3;

/** A VPC's end of its link. */
export function vpcLinkAddress(number: number): string {
  return addressAt(linkRange, number);
}

/** What the router and the metadata agent know a guest by, as private addresses repeat among VPCs. */
export function guestAddress(number: number): string {
  return addressAt(linkRange, half + number);
}

/** Every name and path that one platform's network uses, so all of them can be found and removed. */
export interface NetworkNames {
  /** The router's, by which `vpcNames` are found, too. */
  readonly namespace: string;
  readonly namespaceFile: string;
  readonly table: string;
  /** The host's end of the link. */
  readonly hostLink: string;
  readonly nicDirectory: string;
  readonly vpcDirectory: string;
  readonly policyDirectory: string;
  /** Where the release before kept its policy. */
  readonly earlierPolicyFile: string;
  /** The host's settings as they were before they were changed. */
  readonly hostSettingsFile: string;
  /** Holds those of VPCs. The release before kept the files of its one dnsmasq here. */
  readonly runtimeDirectory: string;
}

export function networkNames(name: string, directory: string): NetworkNames {
  if (!/^[a-z][a-z0-9-]{0,11}$/.test(name)) {
    throw new NetworkInputError(
      `the network name '${name}' is not valid: use 1 to 12 of a-z, 0-9 and '-', beginning with a letter`,
    );
  }
  return {
    namespace: name,
    namespaceFile: namespaceFileOf(name),
    table: name,
    hostLink: `${name}-up`,
    nicDirectory: join(directory, 'nics'),
    vpcDirectory: join(directory, 'vpcs'),
    policyDirectory: join(directory, 'policy'),
    earlierPolicyFile: join(directory, 'policy.json'),
    hostSettingsFile: join(directory, 'host-settings.json'),
    runtimeDirectory: `/run/bakehouse-${name}`,
  };
}

/** Where `ip netns` keeps a namespace. */
export function namespaceFileOf(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/** An interface's name has at most 15 characters; 48 random bits of the id do not collide. */
export function tapName(nicId: NetworkInterfaceId): string {
  return `tap${nicId.slice(-12).replace('-', '')}`;
}

/** What is a VPC's own: its namespace, with one table of the platform's name for each family. */
export interface VpcNames {
  readonly namespace: string;
  readonly namespaceFile: string;
  readonly table: string;
  /**
   * What dnsmasq reads and writes: outside of the data folder, which dnsmasq's own user cannot enter. It holds only
   * addresses and host names, and like the namespace it does not outlive the host's boot.
   */
  readonly runtimeDirectory: string;
}

export function vpcNames(names: NetworkNames, vpcId: VpcId): VpcNames {
  const namespace = `${names.namespace}-${vpcId.slice(-12).replace('-', '')}`;
  return {
    namespace,
    namespaceFile: namespaceFileOf(namespace),
    table: names.table,
    runtimeDirectory: join(names.runtimeDirectory, vpcId),
  };
}

/** The router's end of the link to the VPC with this number. */
export function vpcLinkName(number: number): string {
  return `vpc${number}`;
}

/** The argv prefix that runs a program in a namespace. It becomes that program by exec. */
export function enterNamespace(namespace: string): readonly string[] {
  return ['nsenter', `--net=${namespaceFileOf(namespace)}`, '--'];
}
