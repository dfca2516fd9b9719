import {
  apiError,
  type MetadataReader,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { ruleKey } from '../../network/rule-shape.ts';
import { permissionsView, revokedRuleView } from '../../views/security-group.ts';
import { type GroupName, namedGroup, rulesOf } from './find-group.ts';
import { rulesById } from './group-rules.ts';
import { type RuleParameters, requestPermissions } from './request-permissions.ts';
import { type AskedRule, askedRules, type Permission } from './rule-request.ts';

type Direction = SecurityGroupRule['direction'];

export interface RevokeRequest extends GroupName, RuleParameters {
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
    throw apiError('InvalidPermission.NotFound', {
      message: 'The specified rule does not exist in this security group.',
    });
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
      message: 'The request must contain the parameter ipPermissions or securityGroupRuleIds',
    });
  }
}

/** Takes rules from a group, named by id or by what they permit; they have ended when this resolves. */
export async function revoke(
  context: OperationContext,
  request: RevokeRequest,
  direction: Direction,
) {
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
