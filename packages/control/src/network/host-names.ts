import type { RegionName } from '@bakehouse/domain';

/** `ip-172-31-0-10`: what EC2 names hosts after by default. */
export const ipHostName = (privateIp: string) => `ip-${privateIp.replaceAll('.', '-')}`;

/** EC2's private zones: us-east-1 has an old one of its own. */
export const privateDomain = (region: RegionName) =>
  region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;

export const privateDnsName = (privateIp: string, region: RegionName) =>
  `${ipHostName(privateIp)}.${privateDomain(region)}`;
