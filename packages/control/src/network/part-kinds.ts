import { isResourceId } from '@bakehouse/base';
import { type ApiError, apiError } from '@bakehouse/domain';
import type { vpcParts } from './vpc-parts.ts';

type Refusal = (id: string) => ApiError;

export interface PartKind {
  readonly part: keyof ReturnType<typeof vpcParts>;
  readonly prefix: string;
  readonly malformed: Refusal;
  readonly notFound: Refusal;
}

/** How EC2 complains about the ids of a VPC's parts. */
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
