import type { Nic } from '@bakehouse/domain';

/** A well-formed NIC for tests. The index is in each of its addresses. */
export function sampleNic(index = 10, overrides: Partial<Nic> = {}): Nic {
  const hex = index.toString(16).padStart(2, '0');
  return {
    nicId: `eni-0123456789abcde${hex}`,
    vpcId: 'vpc-0123456789abcdef0',
    subnetId: 'subnet-0123456789abcdef0',
    subnetCidr: '172.31.0.0/20',
    macAddress: `0e:00:00:00:00:${hex}`,
    privateIp: `172.31.0.${index}`,
    hostName: `ip-172-31-0-${index}`,
    domainName: 'ec2.internal',
    ...overrides,
  };
}
