import {
  apiError,
  type MetadataReader,
  type SecurityGroup,
  type SecurityGroupRule,
  type Vpc,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { ownedById } from '../../lookups.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** The two ways in which requests name a group. */
export interface GroupName {
  readonly GroupId?: string | undefined;
  readonly GroupName?: string | undefined;
}

export async function findDefaultVpc(
  reader: MetadataReader,
  { accountId, region }: Scope,
): Promise<Vpc | undefined> {
  const vpcs = await reader.list('vpc', { region, where: { owner: [accountId] } });
  return vpcs.find((vpc) => vpc.isDefault);
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

/** A name means the default VPC's group, as in EC2. */
export async function defaultVpcGroup(
  reader: MetadataReader,
  scope: Scope,
  name: string,
): Promise<SecurityGroup> {
  const vpc = await findDefaultVpc(reader, scope);
  const group = vpc && (await findGroupInVpc(reader, vpc.id, name));
  if (group) return group;
  const where = vpc ? ` in default VPC '${vpc.id}'` : '';
  throw apiError('InvalidGroup.NotFound', {
    message: `The security group '${name}' does not exist${where}`,
  });
}

/** The caller's group, by id or by name, or EC2's refusal. */
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
    message: 'The request must contain the parameter groupName or groupId',
  });
}

export async function rulesOf(
  reader: MetadataReader,
  groupId: string,
): Promise<readonly SecurityGroupRule[]> {
  const rules = await reader.list('securityGroupRule', { where: { group: [groupId] } });
  return [...rules].sort((a, b) => a.createdAt - b.createdAt);
}
