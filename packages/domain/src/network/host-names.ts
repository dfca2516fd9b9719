import type { RegionName } from '../records/common.ts';
import type { NetworkInterface, Vpc } from '../records/network.ts';

/** `ip-172-31-0-10`: EC2's default host name. */
export const ipHostName = (privateIp: string) => `ip-${privateIp.replaceAll('.', '-')}`;

/** EC2's private DNS zone of a region; us-east-1 has an older name. */
export const privateDomain = (region: RegionName) =>
  region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;

/**
 * The public address itself; empty without one, and in a VPC without public names. EC2's public names
 * (`ec2-….amazonaws.com`) resolve nowhere here, while every resolver takes an address.
 */
export const publicName = (
  { publicIp = '' }: Pick<NetworkInterface, 'publicIp'>,
  { dnsHostnames }: Pick<Vpc, 'dnsHostnames'>,
) => (dnsHostnames ? publicIp : '');

export const privateDnsName = (privateIp: string, region: RegionName) =>
  `${ipHostName(privateIp)}.${privateDomain(region)}`;
