import type * as Ec2 from '@bakehouse/aws-model';
import type { Vpc } from '@bakehouse/domain';
import { vpcParts } from '../network/vpc-parts.ts';
import { tagsIfAny } from '../request/tags.ts';

export type VpcView = NonNullable<Ec2.Ec2Output<'DescribeVpcs'>['Vpcs']>[number];

/** The official shape of a VPC. */
export function vpcView(vpc: Vpc): VpcView {
  const { cidrAssociationId, dhcpOptionsId } = vpcParts(vpc);
  return {
    OwnerId: vpc.ownerId,
    InstanceTenancy: 'default',
    CidrBlockAssociationSet: [
      {
        AssociationId: cidrAssociationId,
        CidrBlock: vpc.cidr,
        CidrBlockState: { State: 'associated' },
      },
    ],
    IsDefault: vpc.isDefault,
    ...tagsIfAny(vpc.tags),
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    VpcId: vpc.id,
    State: 'available',
    CidrBlock: vpc.cidr,
    DhcpOptionsId: dhcpOptionsId,
  };
}
