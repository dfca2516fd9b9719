import type { Tags, Vpc } from '@bakehouse/domain';

const suffix = (id: string) => id.slice(id.lastIndexOf('-') + 1);

/**
 * What a VPC is made of besides its subnets and groups. These parts have no records: there is one of each,
 * they cannot be changed, and their ids come from the VPC's own.
 */
export function vpcParts(vpc: Vpc) {
  const end = suffix(vpc.id);
  return {
    internetGatewayId: vpc.internetGatewayId,
    routeTableId: vpc.mainRouteTableId,
    routeTableAssociationId: `rtbassoc-${end}`,
    cidrAssociationId: `vpc-cidr-assoc-${end}`,
    dhcpOptionsId: `dopt-${end}`,
    networkAclId: `acl-${end}`,
  } as const;
}

/** The id of a subnet's association with its VPC's network ACL. */
export const aclAssociationId = (subnetId: string) => `aclassoc-${suffix(subnetId)}`;

/** The tags of a part. */
export const partTags = (vpc: Vpc, partId: string): Tags => vpc.partTags?.[partId] ?? {};
