import type { InstanceMetadata } from '@bakehouse/domain';

/** What a small instance reads, with the members that a test names. */
export function someMetadata(given: Partial<InstanceMetadata> = {}): InstanceMetadata {
  return {
    instanceId: 'i-0aaaaaaaaaaaaaaa1',
    accountId: '123456789012',
    region: 'us-east-1',
    zone: 'us-east-1a',
    zoneId: 'use1-az1',
    imageId: 'ami-0aaaaaaaaaaaaaaa1',
    launchIndex: 0,
    instanceType: 't3.micro',
    architecture: 'x86_64',
    reservationId: 'r-0aaaaaaaaaaaaaaa1',
    pendingTime: '2026-01-01T00:00:00Z',
    privateIp: '172.31.0.10',
    localHostName: 'ip-172-31-0-10.ec2.internal',
    macAddress: '02:00:00:00:00:01',
    interfaceId: 'eni-0aaaaaaaaaaaaaaa1',
    subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
    subnetCidr: '172.31.0.0/20',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    vpcCidr: '172.31.0.0/16',
    securityGroups: [{ id: 'sg-0aaaaaaaaaaaaaaa1', name: 'default' }],
    publicKeys: [{ name: 'a-key', openSshKey: 'ssh-ed25519 AAAA a-key' }],
    blockDeviceMapping: { ami: 'xvda', root: '/dev/xvda' },
    tags: {},
    httpTokens: 'required',
    httpPutResponseHopLimit: 2,
    httpEndpoint: 'enabled',
    instanceMetadataTags: 'disabled',
    ...given,
  };
}
