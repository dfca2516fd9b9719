import type {
  DhcpOptions,
  ElasticAddress,
  InstanceId,
  InternetGateway,
  NatGateway,
  NetworkAcl,
  NetworkInterface,
  PrefixList,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Vpc,
} from '@bakehouse/domain';
import { aHostId, resource, zone } from './sample-values.ts';

export function aVpc(given: Partial<Vpc> = {}): Vpc {
  return {
    ...resource,
    id: 'vpc-0aaaaaaaaaaaaaaa1',
    cidr: '172.31.0.0/16',
    isDefault: true,
    cidrAssociationId: 'vpc-cidr-assoc-0aaaaaaaaaaaaaaa1',
    dhcpOptionsId: 'dopt-0aaaaaaaaaaaaaaa1',
    mainRouteTable: {
      routeTableId: 'rtb-0aaaaaaaaaaaaaaa1',
      associationId: 'rtbassoc-0aaaaaaaaaaaaaaa1',
    },
    dnsSupport: true,
    dnsHostnames: true,
    ...given,
  };
}

/** A primary interface's attachment. */
export function anAttachment(instanceId: InstanceId): NonNullable<NetworkInterface['attachment']> {
  return {
    id: 'eni-attach-0aaaaaaaaaaaaaaa1',
    instanceId,
    deviceIndex: 0,
    attachedAt: 0,
    deleteOnTermination: true,
  };
}

export function aSubnet(given: Partial<Subnet> = {}): Subnet {
  return {
    ...resource,
    id: 'subnet-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    zone,
    cidr: '172.31.0.0/20',
    defaultForZone: true,
    mapPublicIpOnLaunch: true,
    networkAcl: {
      networkAclId: 'acl-0aaaaaaaaaaaaaaa1',
      associationId: 'aclassoc-0aaaaaaaaaaaaaaa1',
    },
    ...given,
  };
}

export function anInternetGateway(given: Partial<InternetGateway> = {}): InternetGateway {
  return {
    ...resource,
    id: 'igw-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    ...given,
  };
}

export function aRouteTable(given: Partial<RouteTable> = {}): RouteTable {
  return {
    ...resource,
    id: 'rtb-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    routes: [
      {
        destination: '0.0.0.0/0',
        target: { kind: 'internet-gateway', id: 'igw-0aaaaaaaaaaaaaaa1' },
      },
    ],
    ...given,
  };
}

export function aNetworkAcl(given: Partial<NetworkAcl> = {}): NetworkAcl {
  const all = { ruleNumber: 100, allow: true, protocol: '-1', cidr: '0.0.0.0/0' };
  return {
    ...resource,
    id: 'acl-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    isDefault: true,
    entries: [
      { ...all, direction: 'ingress' },
      { ...all, direction: 'egress' },
    ],
    ...given,
  };
}

export function someDhcpOptions(given: Partial<DhcpOptions> = {}): DhcpOptions {
  return {
    ...resource,
    id: 'dopt-0aaaaaaaaaaaaaaa1',
    isDefault: true,
    options: [
      { key: 'domain-name', values: ['ec2.internal'] },
      { key: 'domain-name-servers', values: ['AmazonProvidedDNS'] },
    ],
    ...given,
  };
}

export function anElasticAddress(given: Partial<ElasticAddress> = {}): ElasticAddress {
  return { ...resource, id: 'eipalloc-0aaaaaaaaaaaaaaa1', publicIp: '127.18.0.1', ...given };
}

export function aNatGateway(given: Partial<NatGateway> = {}): NatGateway {
  return {
    ...resource,
    id: 'nat-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
    connectivity: 'public',
    state: 'available',
    addresses: [
      {
        nicId: 'eni-0aaaaaaaaaaaaaaa2',
        privateIp: '172.31.0.11',
        allocationId: 'eipalloc-0aaaaaaaaaaaaaaa1',
        publicIp: '127.18.0.1',
        associationId: 'eipassoc-0aaaaaaaaaaaaaaa1',
        isPrimary: true,
      },
    ],
    ...given,
  };
}

export function aPrefixList(given: Partial<PrefixList> = {}): PrefixList {
  return {
    ...resource,
    id: 'pl-0aaaaaaaaaaaaaaa1',
    name: 'a-list',
    addressFamily: 'IPv4',
    maxEntries: 10,
    version: 1,
    entries: [{ cidr: '203.0.113.0/24' }],
    ...given,
  };
}

export function aNetworkInterface(given: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    ...resource,
    id: 'eni-0aaaaaaaaaaaaaaa1',
    hostId: aHostId,
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
    zone,
    description: '',
    macAddress: '02:00:00:00:00:01',
    privateIp: '172.31.0.10',
    groupIds: ['sg-0aaaaaaaaaaaaaaa1'],
    sourceDestCheck: true,
    status: 'available',
    ...given,
  };
}

export function aSecurityGroup(given: Partial<SecurityGroup> = {}): SecurityGroup {
  return {
    ...resource,
    id: 'sg-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    name: 'default',
    description: 'default VPC security group',
    ...given,
  };
}

export function aSecurityGroupRule(given: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  return {
    ...resource,
    id: 'sgr-0aaaaaaaaaaaaaaa1',
    groupId: 'sg-0aaaaaaaaaaaaaaa1',
    direction: 'ingress',
    protocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    peer: { kind: 'cidr-ipv4', cidr: '0.0.0.0/0' },
    ...given,
  };
}
