import type * as Ec2 from '@bakehouse/aws-model';
import { privateDomain, type Subnet, type Vpc } from '@bakehouse/domain';
import { aclAssociationId, partTags, vpcParts } from '../network/vpc-parts.ts';
import { tagsView } from '../request/tags.ts';

type One<List> = NonNullable<List> extends readonly (infer Item)[] ? Item : never;
export type InternetGatewayView = One<
  Ec2.Ec2Output<'DescribeInternetGateways'>['InternetGateways']
>;
export type RouteTableView = One<Ec2.Ec2Output<'DescribeRouteTables'>['RouteTables']>;
export type DhcpOptionsView = One<Ec2.Ec2Output<'DescribeDhcpOptions'>['DhcpOptions']>;
export type NetworkAclView = One<Ec2.Ec2Output<'DescribeNetworkAcls'>['NetworkAcls']>;

/** A VPC with the subnets that its network ACL is associated with. */
export interface NetworkAclFacts {
  readonly vpc: Vpc;
  readonly subnets: readonly Subnet[];
}

const common = (vpc: Vpc, partId: string) => ({
  OwnerId: vpc.ownerId,
  Tags: tagsView(partTags(vpc, partId)),
});

export function internetGatewayView(vpc: Vpc): InternetGatewayView {
  const { internetGatewayId } = vpcParts(vpc);
  return {
    ...common(vpc, internetGatewayId),
    // EC2 returns `available` for an attached gateway, which the model's enumeration lacks.
    Attachments: [{ State: 'available' as string as 'attached', VpcId: vpc.id }],
    InternetGatewayId: internetGatewayId,
  };
}

/** The main route table: the VPC's own range is local, everything else goes to the internet gateway. */
export function routeTableView(vpc: Vpc): RouteTableView {
  const { internetGatewayId, routeTableAssociationId, routeTableId } = vpcParts(vpc);
  return {
    ...common(vpc, routeTableId),
    Associations: [
      {
        Main: true,
        RouteTableAssociationId: routeTableAssociationId,
        RouteTableId: routeTableId,
        AssociationState: { State: 'associated' },
      },
    ],
    PropagatingVgws: [],
    RouteTableId: routeTableId,
    Routes: [
      {
        DestinationCidrBlock: vpc.cidr,
        GatewayId: 'local',
        Origin: 'CreateRouteTable',
        State: 'active',
      },
      {
        DestinationCidrBlock: '0.0.0.0/0',
        GatewayId: internetGatewayId,
        Origin: 'CreateRoute',
        State: 'active',
      },
    ],
    VpcId: vpc.id,
  };
}

export function dhcpOptionsView(vpc: Vpc): DhcpOptionsView {
  const { dhcpOptionsId } = vpcParts(vpc);
  return {
    ...common(vpc, dhcpOptionsId),
    DhcpOptionsId: dhcpOptionsId,
    DhcpConfigurations: [
      { Key: 'domain-name', Values: [{ Value: privateDomain(vpc.region) }] },
      { Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] },
    ],
  };
}

const everything = { CidrBlock: '0.0.0.0/0', Protocol: '-1' } as const;

/** The default network ACL. It allows all traffic; only security groups filter. */
export function networkAclView({ vpc, subnets }: NetworkAclFacts): NetworkAclView {
  const { networkAclId } = vpcParts(vpc);
  const entries = [true, false].flatMap((Egress) => [
    { ...everything, Egress, RuleAction: 'allow' as const, RuleNumber: 100 },
    { ...everything, Egress, RuleAction: 'deny' as const, RuleNumber: 32_767 },
  ]);
  return {
    ...common(vpc, networkAclId),
    Associations: subnets.map((subnet) => ({
      NetworkAclAssociationId: aclAssociationId(subnet.id),
      NetworkAclId: networkAclId,
      SubnetId: subnet.id,
    })),
    Entries: entries,
    IsDefault: true,
    NetworkAclId: networkAclId,
    VpcId: vpc.id,
  };
}
