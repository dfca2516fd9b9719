import type * as Ec2 from '@bakehouse/aws-model';
import {
  ec2Arn,
  freeAddressCount,
  type MetadataReader,
  type Subnet,
  zoneId,
} from '@bakehouse/domain';
import { tagsIfAny } from '../request/tags.ts';

export type SubnetView = NonNullable<Ec2.Ec2Output<'DescribeSubnets'>['Subnets']>[number];

/** A subnet with the number of its free addresses. */
export interface SubnetFacts {
  readonly subnet: Subnet;
  readonly availableAddressCount: number;
}

export async function readSubnetFacts(
  reader: MetadataReader,
  subnet: Subnet,
): Promise<SubnetFacts> {
  return { subnet, availableAddressCount: await freeAddressCount(reader, subnet) };
}

export const subnetArn = (subnet: Subnet) => ec2Arn(subnet, 'subnet', subnet.id);

/** The official shape of a subnet. */
export function subnetView({ subnet, availableAddressCount }: SubnetFacts): SubnetView {
  return {
    AvailabilityZoneId: zoneId(subnet.zone),
    MapCustomerOwnedIpOnLaunch: false,
    OwnerId: subnet.ownerId,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    ...tagsIfAny(subnet.tags),
    SubnetArn: subnetArn(subnet),
    EnableDns64: false,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    SubnetId: subnet.id,
    State: 'available',
    VpcId: subnet.vpcId,
    CidrBlock: subnet.cidr,
    AvailableIpAddressCount: availableAddressCount,
    AvailabilityZone: subnet.zone,
    DefaultForAz: subnet.defaultForZone,
    MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
  };
}
