import type * as Ec2 from '@bakehouse/aws-model';
import type { Vpc } from '@bakehouse/domain';
import { tagsIfAny } from '../request/tags.ts';

export type VpcView = NonNullable<Ec2.Ec2Output<'DescribeVpcs'>['Vpcs']>[number];
type CidrAssociationView = NonNullable<VpcView['CidrBlockAssociationSet']>[number];

/** The ranges of a VPC with their associations, the primary first. */
export const cidrAssociations = ({ cidr, cidrAssociationId, secondaryCidrs = [] }: Vpc) => [
  { associationId: cidrAssociationId, cidr },
  ...secondaryCidrs,
];

export const cidrAssociationView = (
  { associationId, cidr }: ReturnType<typeof cidrAssociations>[number],
  state: 'associated' | 'disassociated' = 'associated',
): CidrAssociationView => ({
  AssociationId: associationId,
  CidrBlock: cidr,
  CidrBlockState: { State: state },
});

/** The id of the set that a VPC without DHCP options names. */
export const noDhcpOptions = 'default';

/** The official shape of a VPC. */
export function vpcView(vpc: Vpc): VpcView {
  return {
    OwnerId: vpc.ownerId,
    InstanceTenancy: 'default',
    CidrBlockAssociationSet: cidrAssociations(vpc).map((each) => cidrAssociationView(each)),
    IsDefault: vpc.isDefault,
    ...tagsIfAny(vpc.tags),
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    VpcId: vpc.id,
    State: 'available',
    CidrBlock: vpc.cidr,
    DhcpOptionsId: vpc.dhcpOptionsId ?? noDhcpOptions,
  };
}
