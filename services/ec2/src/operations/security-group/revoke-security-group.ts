import {
  apiError,
  type MetadataReader,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { type GroupName, namedGroup, rulesOf } from '../../network/groups.ts';
import { ruleKey } from '../../network/rule-shape.ts';
import type { Operation } from '../../operation.ts';
import { permissionsView, revokedRuleView } from '../../views/security-group.ts';
import { rulesById } from './group-rules.ts';
import {
  type RuleParameters,
  refuseFlatMembers,
  requestPermissions,
} from './request-permissions.ts';
import { type AskedRule, askedRules, type Permission } from './rule-request.ts';

type Direction = SecurityGroupRule['direction'];

interface RevokeRequest extends GroupName, RuleParameters {
  readonly SecurityGroupRuleIds?: readonly string[] | undefined;
}

interface Found {
  readonly rules: readonly SecurityGroupRule[];
  readonly unknown: readonly AskedRule[];
}

async function rulesByPermission(
  reader: MetadataReader,
  group: SecurityGroup,
  asked: readonly AskedRule[],
): Promise<Found> {
  const existing = await rulesOf(reader, group.id);
  const byKey = new Map(existing.map((rule) => [ruleKey(rule), rule]));
  const rules = asked.flatMap((each) => byKey.get(ruleKey(each)) ?? []);
  const unknown = asked.filter((each) => !byKey.has(ruleKey(each)));
  // "For a default VPC, if the values you specify do not match the existing rule's values, no error is
  // returned, and the output describes the security group rules that were not revoked."
  const vpc = await reader.get('vpc', group.vpcId);
  if (unknown.length > 0 && !vpc?.isDefault) {
    throw apiError('InvalidPermission.NotFound', {});
  }
  return { rules, unknown };
}

function checkOneWay(ids: readonly string[], permissions: readonly Permission[] | undefined): void {
  if (ids.length > 0 && permissions) {
    throw apiError('InvalidParameterCombination', {
      message: 'The parameter securityGroupRuleIds may not be used with ipPermissions',
    });
  }
  if (ids.length === 0 && !permissions) {
    throw apiError('MissingParameter', {
      parameter: 'ipPermissions or securityGroupRuleIds',
    });
  }
}

/** Removes rules, named by id or by what they permit. They are no longer in force when this resolves. */
async function revoke(context: OperationContext, request: RevokeRequest, direction: Direction) {
  const ids = request.SecurityGroupRuleIds ?? [];
  const permissions = requestPermissions(request);
  checkOneWay(ids, permissions);
  const { rules, unknown } = await context.write(async (tx): Promise<Found> => {
    const group = await namedGroup(tx, context, request);
    const target = { reader: tx, scope: context, group, direction };
    const found = permissions
      ? await rulesByPermission(tx, group, await askedRules(target, permissions))
      : { rules: await rulesById(tx, { group, direction }, ids), unknown: [] };
    for (const rule of found.rules) await tx.delete('securityGroupRule', rule.id);
    return found;
  });
  await enforcePolicy(context);
  return {
    Return: true,
    UnknownIpPermissions: permissionsView(unknown),
    RevokedSecurityGroupRules: rules.map(revokedRuleView),
  };
}

export const revokeSecurityGroupIngress: Operation<'RevokeSecurityGroupIngress'> = (
  context,
  request,
) => revoke(context, request, 'ingress');

export const revokeSecurityGroupEgress: Operation<'RevokeSecurityGroupEgress'> = async (
  context,
  request,
) => {
  refuseFlatMembers(request);
  return await revoke(context, request, 'egress');
};
