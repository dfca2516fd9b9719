import { apiError, type MetadataReader, type SecurityGroupRule } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { type GroupName, namedGroup, rulesOf } from '../../network/groups.ts';
import { ruleKey } from '../../network/rule-shape.ts';
import type { Operation } from '../../operation.ts';
import { rulesById } from './group-rules.ts';
import { ruleDescription } from './group-words.ts';
import { askedRules, type Permission, type RuleTarget } from './rule-request.ts';

type Direction = SecurityGroupRule['direction'];

interface RuleDescription {
  readonly SecurityGroupRuleId?: string | undefined;
  readonly Description?: string | undefined;
}

interface UpdateDescriptionsRequest extends GroupName {
  readonly IpPermissions?: readonly Permission[] | undefined;
  readonly SecurityGroupRuleDescriptions?: readonly RuleDescription[] | undefined;
}

function describedRule(rule: SecurityGroupRule, text: string | undefined): SecurityGroupRule {
  const { description: _, ...rest } = rule;
  return { ...rest, ...ruleDescription(text) };
}

async function byPermissions(
  target: RuleTarget,
  permissions: readonly Permission[],
): Promise<readonly SecurityGroupRule[]> {
  const existing = await rulesOf(target.reader, target.group.id);
  const byKey = new Map(existing.map((rule) => [ruleKey(rule), rule]));
  const asked = await askedRules(target, permissions);
  return asked.map((each) => {
    const rule = byKey.get(ruleKey(each));
    if (rule) return describedRule(rule, each.description);
    throw apiError('InvalidPermission.NotFound', {});
  });
}

async function byIds(
  reader: MetadataReader,
  { group, direction }: RuleTarget,
  descriptions: readonly RuleDescription[],
): Promise<readonly SecurityGroupRule[]> {
  const ids = descriptions.map((each) => each.SecurityGroupRuleId ?? '');
  const rules = await rulesById(reader, { group, direction }, ids);
  return rules.map((rule, index) => describedRule(rule, descriptions[index]?.Description));
}

/** Replaces the descriptions of a group's rules; one that is not given is removed. */
async function updateDescriptions(
  context: OperationContext,
  request: UpdateDescriptionsRequest,
  direction: Direction,
) {
  const { IpPermissions: permissions = [], SecurityGroupRuleDescriptions: named = [] } = request;
  if (permissions.length > 0 === named.length > 0) {
    const code = permissions.length > 0 ? 'InvalidParameterCombination' : 'MissingParameter';
    throw apiError(code, {
      message: 'The request must contain either ipPermissions or securityGroupRuleDescriptions',
    });
  }
  await context.write(async (tx) => {
    const group = await namedGroup(tx, context, request);
    const target = { reader: tx, scope: context, group, direction };
    const changed =
      permissions.length > 0
        ? await byPermissions(target, permissions)
        : await byIds(tx, target, named);
    for (const rule of changed) await tx.put('securityGroupRule', rule);
  });
  return { Return: true };
}

type Ingress = Operation<'UpdateSecurityGroupRuleDescriptionsIngress'>;
type Egress = Operation<'UpdateSecurityGroupRuleDescriptionsEgress'>;

export const updateSecurityGroupRuleDescriptionsIngress: Ingress = (context, request) =>
  updateDescriptions(context, request, 'ingress');

export const updateSecurityGroupRuleDescriptionsEgress: Egress = (context, request) =>
  updateDescriptions(context, request, 'egress');
