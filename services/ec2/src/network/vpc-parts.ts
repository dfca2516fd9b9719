import { isResourceId } from '@bakehouse/base';
import { type ApiError, apiError, type Tags, type Vpc } from '@bakehouse/domain';

const suffix = (id: string) => id.slice(id.lastIndexOf('-') + 1);

/**
 * The parts of a VPC other than its subnets and groups. They have no records: each VPC has one of each, they cannot
 * be changed, and their ids derive from the VPC's own.
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

type Refusal = (id: string) => ApiError;

export interface PartKind {
  readonly part: keyof ReturnType<typeof vpcParts>;
  readonly prefix: string;
  readonly malformed: Refusal;
  readonly notFound: Refusal;
}

/** EC2's errors for a bad id of each part. */
export const partKinds = {
  internetGateway: {
    part: 'internetGatewayId',
    prefix: 'igw',
    malformed: (id) => apiError('InvalidInternetGatewayId.Malformed', { id }),
    notFound: (id) => apiError('InvalidInternetGatewayID.NotFound', { id }),
  },
  routeTable: {
    part: 'routeTableId',
    prefix: 'rtb',
    malformed: (id) => apiError('InvalidRouteTableId.Malformed', { id }),
    notFound: (id) => apiError('InvalidRouteTableID.NotFound', { id }),
  },
  dhcpOptions: {
    part: 'dhcpOptionsId',
    prefix: 'dopt',
    malformed: (id) => apiError('InvalidDhcpOptionsId.Malformed', { id }),
    notFound: (id) => apiError('InvalidDhcpOptionID.NotFound', { id }),
  },
  networkAcl: {
    part: 'networkAclId',
    prefix: 'acl',
    malformed: (id) => apiError('InvalidNetworkAclId.Malformed', { id }),
    notFound: (id) => apiError('InvalidNetworkAclID.NotFound', { id }),
  },
} as const satisfies Record<string, PartKind>;

/** Throws the kind's `Malformed` error unless the text is a well-formed id. */
export function checkPartId({ prefix, malformed }: PartKind, id: string): void {
  if (!isResourceId(prefix, id)) throw malformed(id);
}
