import type * as Ec2 from '@bakehouse/aws-model';
import { apiError, type RulePeer, type SecurityGroupRule } from '@bakehouse/domain';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { namedGroup, rulesOf } from '../../network/groups.ts';
import { checkRuleCount } from '../../network/rule-count.ts';
import { rulePorts, ruleProtocol } from '../../network/rule-protocol.ts';
import { ruleKey, ruleWords } from '../../network/rule-shape.ts';
import type { Operation } from '../../operation.ts';
import { rulesById } from './group-rules.ts';
import { ruleDescription } from './group-words.ts';
import { groupPeer, ipv4Peer, ipv6Peer, prefixListPeer, type RuleTarget } from './rule-request.ts';

type Update = NonNullable<Ec2.Ec2Input<'ModifySecurityGroupRules'>['SecurityGroupRules']>[number];
type RuleRequest = NonNullable<Update['SecurityGroupRule']>;

async function requestedPeer(target: RuleTarget, request: RuleRequest): Promise<RulePeer> {
  const { CidrIpv4, CidrIpv6, ReferencedGroupId, PrefixListId } = request;
  const named = [CidrIpv4, CidrIpv6, ReferencedGroupId, PrefixListId].filter(Boolean);
  if (named.length !== 1) {
    throw apiError(named.length === 0 ? 'MissingParameter' : 'InvalidParameterCombination', {
      message:
        'Exactly one of CidrIpv4, CidrIpv6, ReferencedGroupId, PrefixListId must be given for each rule',
    });
  }
  if (CidrIpv4) return ipv4Peer(CidrIpv4);
  if (CidrIpv6) return ipv6Peer(CidrIpv6);
  if (ReferencedGroupId) return await groupPeer(target, { GroupId: ReferencedGroupId });
  return await prefixListPeer(target, PrefixListId);
}

/** The rule with everything replaced but its id, direction and tags. */
async function modifiedRule(
  target: RuleTarget,
  rule: SecurityGroupRule,
  request: RuleRequest,
): Promise<SecurityGroupRule> {
  const peer = await requestedPeer(target, request);
  if (peer.kind !== rule.peer.kind) {
    throw apiError('InvalidParameterValue', {
      message: `The type of the rule '${rule.id}' cannot be changed from ${rule.peer.kind} to ${peer.kind}`,
    });
  }
  const protocol = ruleProtocol(request.IpProtocol);
  const ports = rulePorts(protocol, { from: request.FromPort, to: request.ToPort });
  const { fromPort: _, toPort: __, description: ___, ...rest } = rule;
  return { ...rest, protocol, ...ports, peer, ...ruleDescription(request.Description) };
}

/** Refuses two rules that permit the same. */
function checkDistinct(rules: readonly SecurityGroupRule[]): void {
  const keys = new Set<string>();
  for (const rule of rules) {
    if (keys.has(ruleKey(rule))) {
      throw apiError('InvalidPermission.Duplicate', { rule: ruleWords(rule) });
    }
    keys.add(ruleKey(rule));
  }
}

/** Changes all the named rules of a group, or none; the new ones act when this resolves. */
export const modifySecurityGroupRules: Operation<'ModifySecurityGroupRules'> = async (
  context,
  request,
) => {
  const updates = request.SecurityGroupRules;
  if (updates.length === 0) throw apiError('MissingParameter', { parameter: 'securityGroupRules' });
  await context.write(async (tx) => {
    const group = await namedGroup(tx, context, { GroupId: request.GroupId });
    const ids = updates.map((update) => update.SecurityGroupRuleId ?? '');
    const rules = await rulesById(tx, { group }, ids);
    const changed = new Map<string, SecurityGroupRule>();
    for (const [index, rule] of rules.entries()) {
      const asked = updates[index]?.SecurityGroupRule;
      if (!asked) throw apiError('MissingParameter', { parameter: 'securityGroupRule' });
      const target = { reader: tx, scope: context, group, direction: rule.direction };
      changed.set(rule.id, await modifiedRule(target, rule, asked));
    }
    const existing = await rulesOf(tx, group.id);
    const all = existing.map((rule) => changed.get(rule.id) ?? rule);
    checkDistinct(all);
    await checkRuleCount(tx, all, existing);
    for (const rule of changed.values()) await tx.put('securityGroupRule', rule);
  });
  await enforcePolicy(context);
  return { Return: true };
};
