import type { SecurityGroupRule } from '@bakehouse/domain';
import type { SecurityGroupFacts } from '../views/security-group.ts';
import { type FilterTable, type FilterValue, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type Direction = SecurityGroupRule['direction'];
type OfRule = (rule: SecurityGroupRule, facts: SecurityGroupFacts) => FilterValue;

const peerName: OfRule = ({ peer }, { peerNames }) =>
  peer.kind === 'group' ? peerNames.get(peer.groupId) : undefined;

/** The values that the `ip-permission.*` filters compare, for each rule of their direction. */
const ofRule: Readonly<Record<string, OfRule>> = {
  cidr: ({ peer }) => (peer.kind === 'cidr-ipv4' ? peer.cidr : undefined),
  'from-port': ({ fromPort }) => fromPort,
  'group-id': ({ peer }) => (peer.kind === 'group' ? peer.groupId : undefined),
  'group-name': peerName,
  'ipv6-cidr': ({ peer }) => (peer.kind === 'cidr-ipv6' ? peer.cidr : undefined),
  'prefix-list-id': ({ peer }) => (peer.kind === 'prefix-list' ? peer.prefixListId : undefined),
  protocol: ({ protocol }) => protocol,
  'to-port': ({ toPort }) => toPort,
  'user-id': ({ peer }) => (peer.kind === 'group' ? peer.accountId : undefined),
};

const permissionFilters = (prefix: string, direction: Direction) =>
  Object.fromEntries(
    Object.entries(ofRule).map(([name, get]) => [
      `${prefix}${name}`,
      (facts: SecurityGroupFacts) =>
        facts.rules.filter((rule) => rule.direction === direction).map((rule) => get(rule, facts)),
    ]),
  );

/** The filters of DescribeSecurityGroups, by their documented names. */
export const securityGroupFilters: FilterTable<SecurityGroupFacts> = {
  'tag:': ({ group }, key) => tagFilters['tag:'](group, key),
  'tag-key': ({ group }) => tagFilters['tag-key'](group),
  description: ({ group }) => group.description,
  'group-id': ({ group }) => group.id,
  'group-name': ({ group }) => group.name,
  'owner-id': ({ group }) => group.ownerId,
  'vpc-id': ({ group }) => group.vpcId,
  ...permissionFilters('ip-permission.', 'ingress'),
  ...permissionFilters('egress.ip-permission.', 'egress'),
};

export const securityGroupIndexes: FilterIndexes<'securityGroup'> = {
  'vpc-id': 'vpc',
  'group-name': 'name',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};

/** The filters of DescribeSecurityGroupRules, by their documented names. */
export const securityGroupRuleFilters: FilterTable<SecurityGroupRule> = {
  'tag:': tagFilters['tag:'],
  'group-id': (rule) => rule.groupId,
  'security-group-rule-id': (rule) => rule.id,
};

export const securityGroupRuleIndexes: FilterIndexes<'securityGroupRule'> = {
  'group-id': 'group',
  'tag:': 'tag',
};
