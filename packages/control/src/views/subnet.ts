import type * as Ec2 from '@bakehouse/aws-model';
import { type MetadataReader, type Subnet, zoneId } from '@bakehouse/domain';
import { usableAddressCount } from '../network/addresses.ts';
import { tagsView } from '../tag-specification.ts';

export type SubnetView = NonNullable<Ec2.Ec2Output<'DescribeSubnets'>['Subnets']>[number];

/** A subnet with how many addresses it has left. */
export interface SubnetFacts {
  readonly subnet: Subnet;
  readonly availableAddressCount: number;
}

export async function readSubnetFacts(
  reader: MetadataReader,
  subnet: Subnet,
): Promise<SubnetFacts> {
  const nics = await reader.list('networkInterface', { where: { subnet: [subnet.id] } });
  return { subnet, availableAddressCount: usableAddressCount(subnet.cidr) - nics.length };
}

export const subnetArn = ({ region, ownerId, id }: Subnet) =>
  `arn:aws:ec2:${region}:${ownerId}:subnet/${id}`;

/** The official shape of a subnet. */
export function subnetView({ subnet, availableAddressCount }: SubnetFacts): SubnetView {
  return {
    AvailabilityZoneId: zoneId(subnet.zone),
    MapCustomerOwnedIpOnLaunch: false,
    OwnerId: subnet.ownerId,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    Tags: tagsView(subnet.tags),
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
