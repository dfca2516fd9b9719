import {
  apiError,
  type MetadataReader,
  type RecordKind,
  type RecordQuery,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownQuery } from '../lookup/owned-steps.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** How much of each thing an account can have: as much as EC2 grants on request ("Amazon VPC quotas"). */
export const networkQuotas = {
  vpcsPerRegion: 100,
  internetGatewaysPerRegion: 100,
  dhcpOptionsPerRegion: 100,
  subnetsPerVpc: 200,
  routeTablesPerVpc: 200,
  /** One to a prefix list counts as many as the list may have entries. */
  routesPerTable: 500,
  aclsPerVpc: 200,
  /** For each direction. */
  entriesPerAcl: 40,
  /** With the primary one. */
  rangesPerVpc: 50,
  prefixListsPerRegion: 100,
  /** Without those that are deleted or have failed. */
  natGatewaysPerZone: 100,
} as const;

const codes = {
  vpc: ['VpcLimitExceeded', networkQuotas.vpcsPerRegion],
  internetGateway: ['InternetGatewayLimitExceeded', networkQuotas.internetGatewaysPerRegion],
  dhcpOptions: ['DhcpOptionsLimitExceeded', networkQuotas.dhcpOptionsPerRegion],
  subnet: ['SubnetLimitExceeded', networkQuotas.subnetsPerVpc],
  routeTable: ['RouteTableLimitExceeded', networkQuotas.routeTablesPerVpc],
  networkAcl: ['NetworkAclLimitExceeded', networkQuotas.aclsPerVpc],
  prefixList: ['ResourceLimitExceeded', networkQuotas.prefixListsPerRegion],
} as const satisfies Partial<Record<RecordKind, readonly [string, number]>>;

type CountedKind = keyof typeof codes;

/** Refuses one more record of a kind when the VPC, or else the region, has as many as it can. */
export async function checkQuota<K extends CountedKind>(
  reader: MetadataReader,
  scope: Scope,
  kind: K,
  vpcId?: string,
): Promise<void> {
  const [code, max] = codes[kind];
  // The types of a query cannot say that kinds of a VPC have this index.
  const where = (vpcId ? { vpc: [vpcId] } : {}) as NonNullable<RecordQuery<K>['where']>;
  const count = await reader.count(kind, ownQuery<K>(scope, { where }));
  if (count < max) return;
  throw apiError(code, { max, of: vpcId ? `VPC ${vpcId}` : `region ${scope.region}` });
}
