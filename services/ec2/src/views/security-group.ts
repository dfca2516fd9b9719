import type * as Ec2 from '@bakehouse/aws-model';
import {
  ec2Arn,
  type RulePeer,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@bakehouse/domain';
import type { RuleShape } from '../network/rule-shape.ts';
import { tagsIfAny, tagsView } from '../request/tags.ts';

export type SecurityGroupView = NonNullable<
  Ec2.Ec2Output<'DescribeSecurityGroups'>['SecurityGroups']
>[number];
export type RuleView = NonNullable<
  Ec2.Ec2Output<'DescribeSecurityGroupRules'>['SecurityGroupRules']
>[number];
type RevokedRuleView = NonNullable<
  Ec2.Ec2Output<'RevokeSecurityGroupIngress'>['RevokedSecurityGroupRules']
>[number];
export type PermissionView = NonNullable<SecurityGroupView['IpPermissions']>[number];

/** A group with the records that its view and its filters read. */
export interface SecurityGroupFacts {
  readonly group: SecurityGroup;
  readonly rules: readonly SecurityGroupRule[];
  /** Names of the groups that the rules refer to, by id. */
  readonly peerNames: ReadonlyMap<string, string>;
}

export const securityGroupArn = (group: SecurityGroup) => ec2Arn(group, 'security-group', group.id);

const described = (description: string | undefined) =>
  description === undefined ? {} : { Description: description };

interface Described {
  readonly peer: RulePeer;
  readonly description?: string;
}

function peersView(rules: readonly Described[]): PermissionView {
  const view = {
    UserIdGroupPairs: [] as NonNullable<PermissionView['UserIdGroupPairs']>,
    IpRanges: [] as NonNullable<PermissionView['IpRanges']>,
    Ipv6Ranges: [] as NonNullable<PermissionView['Ipv6Ranges']>,
    PrefixListIds: [] as NonNullable<PermissionView['PrefixListIds']>,
  };
  for (const { peer, description } of rules) {
    const words = described(description);
    if (peer.kind === 'cidr-ipv4') view.IpRanges.push({ ...words, CidrIp: peer.cidr });
    else if (peer.kind === 'cidr-ipv6') view.Ipv6Ranges.push({ ...words, CidrIpv6: peer.cidr });
    else if (peer.kind === 'prefix-list')
      view.PrefixListIds.push({ ...words, PrefixListId: peer.prefixListId });
    else view.UserIdGroupPairs.push({ ...words, UserId: peer.accountId, GroupId: peer.groupId });
  }
  return view;
}

const portsView = ({ fromPort, toPort }: Pick<RuleShape, 'fromPort' | 'toPort'>) => ({
  ...(fromPort === undefined ? {} : { FromPort: fromPort }),
  ...(toPort === undefined ? {} : { ToPort: toPort }),
});

/** Rules as EC2 groups them: the peers of one protocol and port range share a permission. */
export function permissionsView(
  rules: readonly (RuleShape & { readonly description?: string })[],
): PermissionView[] {
  const byTraffic = Map.groupBy(rules, ({ protocol, fromPort, toPort }) =>
    [protocol, fromPort, toPort].join(' '),
  );
  return [...byTraffic.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    return [{ IpProtocol: first.protocol, ...portsView(first), ...peersView(members) }];
  });
}

/** The official shape of a group. */
export function securityGroupView({ group, rules }: SecurityGroupFacts): SecurityGroupView {
  return {
    GroupId: group.id,
    IpPermissionsEgress: permissionsView(rules.filter((rule) => rule.direction === 'egress')),
    ...tagsIfAny(group.tags),
    VpcId: group.vpcId,
    SecurityGroupArn: securityGroupArn(group),
    OwnerId: group.ownerId,
    GroupName: group.name,
    Description: group.description,
    IpPermissions: permissionsView(rules.filter((rule) => rule.direction === 'ingress')),
  };
}

/** A protocol without ports has -1 here; in a permission it has no ports. */
const trafficView = (rule: SecurityGroupRule) => ({
  IsEgress: rule.direction === 'egress',
  IpProtocol: rule.protocol,
  FromPort: rule.fromPort ?? -1,
  ToPort: rule.toPort ?? -1,
});

/** A peer that is no group. */
const rangeView = (peer: RulePeer) => ({
  ...(peer.kind === 'cidr-ipv4' ? { CidrIpv4: peer.cidr } : {}),
  ...(peer.kind === 'cidr-ipv6' ? { CidrIpv6: peer.cidr } : {}),
  ...(peer.kind === 'prefix-list' ? { PrefixListId: peer.prefixListId } : {}),
});

/** The official shape of one rule. */
export function ruleView(rule: SecurityGroupRule): RuleView {
  const { peer } = rule;
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: rule.groupId,
    GroupOwnerId: rule.ownerId,
    ...trafficView(rule),
    ...rangeView(peer),
    ...(peer.kind === 'group'
      ? { ReferencedGroupInfo: { GroupId: peer.groupId, UserId: peer.accountId } }
      : {}),
    ...described(rule.description),
    Tags: tagsView(rule.tags),
    SecurityGroupRuleArn: ec2Arn(rule, 'security-group-rule', rule.id),
  };
}

export function revokedRuleView(rule: SecurityGroupRule): RevokedRuleView {
  const { peer } = rule;
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: rule.groupId,
    ...trafficView(rule),
    ...rangeView(peer),
    ...(peer.kind === 'group' ? { ReferencedGroupId: peer.groupId } : {}),
    ...described(rule.description),
  };
}
