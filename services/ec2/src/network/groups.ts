import {
  apiError,
  type MetadataReader,
  type SecurityGroup,
  type SecurityGroupRule,
  type Vpc,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownedById } from '../lookup/lookups.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** A group in a request: by its id or by its name. */
export interface GroupName {
  readonly GroupId?: string | undefined;
  readonly GroupName?: string | undefined;
}

export async function findDefaultVpc(
  reader: MetadataReader,
  { accountId, region }: Scope,
): Promise<Vpc | undefined> {
  const where = { owner: [accountId], isDefault: ['true'] };
  const [vpc] = await reader.list('vpc', { region, where });
  return vpc;
}

/** The group of that name in a VPC. */
export async function findGroupInVpc(
  reader: MetadataReader,
  vpcId: string,
  name: string,
): Promise<SecurityGroup | undefined> {
  const found = await reader.list('securityGroup', { where: { vpc: [vpcId], name: [name] } });
  return found.find((group) => group.name === name);
}

/** The VPC's group `default`, which interfaces are in for which no group is named. */
export async function defaultGroupsOf(
  reader: MetadataReader,
  vpcId: string,
): Promise<readonly SecurityGroup[]> {
  const group = await findGroupInVpc(reader, vpcId, 'default');
  return group ? [group] : [];
}

/** A name means the default VPC's group, as in EC2. */
export async function defaultVpcGroup(
  reader: MetadataReader,
  scope: Scope,
  name: string,
): Promise<SecurityGroup> {
  const vpc = await findDefaultVpc(reader, scope);
  const group = vpc && (await findGroupInVpc(reader, vpc.id, name));
  if (group) return group;
  throw apiError('InvalidGroup.NotFound', { name, defaultVpcId: vpc?.id });
}

/** The caller's groups with these ids, each once; refuses one of another VPC than that of `other`, as EC2 names it. */
export async function groupsOfVpc(
  reader: MetadataReader,
  scope: Scope,
  { ids, vpcId, other }: { ids: readonly string[]; vpcId: string; other: string },
): Promise<readonly SecurityGroup[]> {
  const groups: SecurityGroup[] = [];
  for (const id of new Set(ids)) {
    const group = await ownedById(reader, scope, 'securityGroup', id);
    if (group.vpcId !== vpcId) throw apiError('InvalidParameter', { groupId: id, other });
    groups.push(group);
  }
  return groups;
}

/** The caller's group, by id or by name; throws EC2's error for a missing one. */
export async function namedGroup(
  reader: MetadataReader,
  scope: Scope,
  { GroupId: id, GroupName: name }: GroupName,
): Promise<SecurityGroup> {
  if (id && name) {
    throw apiError('InvalidParameterCombination', {
      message: 'The parameters GroupName and GroupId cannot be used together',
    });
  }
  if (id) return await ownedById(reader, scope, 'securityGroup', id);
  if (name) return await defaultVpcGroup(reader, scope, name);
  throw apiError('MissingParameter', {
    parameter: 'groupName or groupId',
  });
}

export async function rulesOf(
  reader: MetadataReader,
  groupId: string,
): Promise<readonly SecurityGroupRule[]> {
  const rules = await reader.list('securityGroupRule', { where: { group: [groupId] } });
  return [...rules].sort((a, b) => a.createdAt - b.createdAt);
}

/** EC2's largest quota of "Security groups per network interface". */
export const groupsPerInterfaceMax = 16;

/** Refuses more groups than an interface can have. */
export function checkGroupCount(groups: { readonly length: number }): void {
  if (groups.length <= groupsPerInterfaceMax) return;
  throw apiError('SecurityGroupsPerInterfaceLimitExceeded', { max: groupsPerInterfaceMax });
}
