import { apiError, type SecurityGroup, type SecurityGroupRule, type Tags } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { type GroupName, namedGroup, rulesOf } from '../../network/groups.ts';
import { checkRuleCount } from '../../network/rule-count.ts';
import { ruleKey, ruleWords } from '../../network/rule-shape.ts';
import type { Operation } from '../../operation.ts';
import { type TagSpecification, tagsFor } from '../../request/tags.ts';
import { ruleView } from '../../views/security-group.ts';
import {
  type RuleParameters,
  refuseFlatMembers,
  requestPermissions,
} from './request-permissions.ts';
import { type AskedRule, askedRules } from './rule-request.ts';

type Direction = SecurityGroupRule['direction'];

interface AuthorizeRequest extends GroupName, RuleParameters {
  readonly TagSpecifications?: readonly TagSpecification[] | undefined;
}

function newRule(
  { ids, accountId, region, now }: OperationContext,
  group: SecurityGroup,
  { asked, tags }: { asked: AskedRule; tags: Tags },
): SecurityGroupRule {
  const id = ids.resource('sgr');
  return { ...asked, id, ownerId: accountId, region, createdAt: now, tags, groupId: group.id };
}

async function addRules(
  tx: ControlTransaction,
  context: OperationContext,
  { group, rules, tags }: { group: SecurityGroup; rules: readonly AskedRule[]; tags: Tags },
): Promise<readonly SecurityGroupRule[]> {
  const existing = await rulesOf(tx, group.id);
  const keys = new Set(existing.map(ruleKey));
  const twice = rules.find((rule) => keys.has(ruleKey(rule)));
  if (twice) {
    throw apiError('InvalidPermission.Duplicate', { rule: ruleWords(twice) });
  }
  const added = rules.map((asked) => newRule(context, group, { asked, tags }));
  await checkRuleCount(tx, [...existing, ...added]);
  for (const rule of added) await tx.put('securityGroupRule', rule);
  return added;
}

/** Adds all of a request's rules to a group, or none. They are in force when this resolves. */
async function authorize(
  context: OperationContext,
  request: AuthorizeRequest,
  direction: Direction,
) {
  const tags = tagsFor('security-group-rule', request.TagSpecifications, ['security-group-rule']);
  const permissions = requestPermissions(request);
  if (!permissions) throw apiError('MissingParameter', { parameter: 'ipPermissions' });
  const added = await context.write(async (tx) => {
    const group = await namedGroup(tx, context, request);
    const target = { reader: tx, scope: context, group, direction };
    const rules = await askedRules(target, permissions);
    return await addRules(tx, context, { group, rules, tags });
  });
  await enforcePolicy(context);
  return { Return: true, SecurityGroupRules: added.map(ruleView) };
}

export const authorizeSecurityGroupIngress: Operation<'AuthorizeSecurityGroupIngress'> = (
  context,
  request,
) => authorize(context, request, 'ingress');

export const authorizeSecurityGroupEgress: Operation<'AuthorizeSecurityGroupEgress'> = async (
  context,
  request,
) => {
  refuseFlatMembers(request);
  return await authorize(context, request, 'egress');
};
