import type { IdSource } from '@bakehouse/base';
import type { MetadataTransaction } from '../ports/metadata-store.ts';
import type { DhcpOptionsId, Resource, SubnetId, VpcId, ZoneName } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { SecurityGroup, SecurityGroupRule, Subnet, Vpc } from '../records/network.ts';
import type { NetworkAcl, NetworkAclEntry, RouteTable } from '../records/routing.ts';
import { privateDomain } from './host-names.ts';

export interface VpcDraft extends Resource<VpcId> {
  readonly cidr: string;
  readonly isDefault: boolean;
  readonly dhcpOptionsId: DhcpOptionsId | undefined;
}

/** A VPC and the parts that it always has. */
export interface VpcRecords {
  readonly vpc: Vpc;
  readonly mainRouteTable: RouteTable;
  readonly defaultAcl: NetworkAcl;
  readonly defaultGroup: SecurityGroup;
  readonly defaultRules: readonly SecurityGroupRule[];
}

/** The rule that every new group of a VPC starts with. */
export const allEgress = {
  direction: 'egress',
  protocol: '-1',
  peer: { kind: 'cidr-ipv4', cidr: '0.0.0.0/0' },
} as const;

/** As in EC2: all traffic between the group's members, and all outbound traffic. */
function defaultGroupRules(group: SecurityGroup, ids: IdSource): readonly SecurityGroupRule[] {
  const { ownerId, region, createdAt } = group;
  const common = { ownerId, region, createdAt, tags: {}, groupId: group.id, protocol: '-1' };
  return [
    {
      ...common,
      id: ids.resource('sgr'),
      direction: 'ingress',
      peer: { kind: 'group', groupId: group.id, accountId: ownerId },
    },
    { ...common, ...allEgress, id: ids.resource('sgr') },
  ];
}

/** The entry that lets everything pass one way; default network ACLs have it for both. */
const allowAll = (direction: NetworkAclEntry['direction']): NetworkAclEntry => ({
  direction,
  ruleNumber: 100,
  allow: true,
  protocol: '-1',
  cidr: '0.0.0.0/0',
});

/** A new VPC: its main route table has no route but the local ones, its ACL lets all pass. Pure except that it draws ids. */
export function planVpc(draft: VpcDraft, ids: IdSource): VpcRecords {
  const { cidr, isDefault, dhcpOptionsId, ...resource } = draft;
  const { ownerId, region, createdAt, id: vpcId } = resource;
  const part = { ownerId, region, createdAt, tags: {}, vpcId };
  const mainRouteTable: RouteTable = { ...part, id: ids.resource('rtb'), routes: [] };
  const defaultAcl: NetworkAcl = {
    ...part,
    id: ids.resource('acl'),
    isDefault: true,
    entries: [allowAll('ingress'), allowAll('egress')],
  };
  const defaultGroup: SecurityGroup = {
    ...part,
    id: ids.resource('sg'),
    name: 'default',
    description: 'default VPC security group',
  };
  const vpc: Vpc = {
    ...resource,
    cidr,
    cidrAssociationId: ids.resource('vpc-cidr-assoc'),
    isDefault,
    ...definedMembers({ dhcpOptionsId }),
    mainRouteTable: { routeTableId: mainRouteTable.id, associationId: ids.resource('rtbassoc') },
    dnsSupport: true,
    dnsHostnames: isDefault,
  };
  const defaultRules = defaultGroupRules(defaultGroup, ids);
  return { vpc, mainRouteTable, defaultAcl, defaultGroup, defaultRules };
}

export async function putVpc(tx: MetadataTransaction, records: VpcRecords): Promise<void> {
  await tx.put('vpc', records.vpc);
  await tx.put('routeTable', records.mainRouteTable);
  await tx.put('networkAcl', records.defaultAcl);
  await tx.put('securityGroup', records.defaultGroup);
  for (const rule of records.defaultRules) await tx.put('securityGroupRule', rule);
}

export interface SubnetDraft extends Resource<SubnetId> {
  readonly vpcId: VpcId;
  readonly zone: ZoneName;
  readonly cidr: string;
  readonly defaultForZone: boolean;
  /** The VPC's default network ACL. */
  readonly acl: NetworkAcl;
}

/** A new subnet, of the VPC's main route table and default network ACL. */
export function planSubnet({ acl, ...draft }: SubnetDraft, ids: IdSource): Subnet {
  return {
    ...draft,
    mapPublicIpOnLaunch: draft.defaultForZone,
    networkAcl: { networkAclId: acl.id, associationId: ids.resource('aclassoc') },
  };
}

/** The account's DHCP options for new VPCs of a region: made when the first VPC needs them. */
export async function ensureDefaultDhcpOptions(
  tx: MetadataTransaction,
  owner: Pick<Resource<string>, 'ownerId' | 'region' | 'createdAt'>,
  ids: IdSource,
): Promise<DhcpOptionsId> {
  const { ownerId, region } = owner;
  const sets = await tx.list('dhcpOptions', { region, where: { owner: [ownerId] } });
  const found = sets.find(({ isDefault }) => isDefault);
  if (found) return found.id;
  const id = ids.resource('dopt');
  await tx.put('dhcpOptions', {
    ...owner,
    id,
    tags: {},
    isDefault: true,
    options: [
      { key: 'domain-name', values: [privateDomain(region)] },
      { key: 'domain-name-servers', values: [amazonProvidedDns] },
    ],
  });
  return id;
}

/** In DHCP options: the VPC's own resolver. */
export const amazonProvidedDns = 'AmazonProvidedDNS';
