import {
  apiError,
  type MetadataReader,
  type RulePeer,
  type SecurityGroupRule,
} from '@bakehouse/domain';

/** EC2's quota: 60 rules for each direction, counted apart for IPv4 and IPv6. */
const rulesMax = 60;

interface Weights {
  readonly IPv4?: number;
  readonly IPv6?: number;
}

/** A group counts in both families, a prefix list in its own with all the entries that it may have, others once. */
async function ruleWeights(reader: MetadataReader, peer: RulePeer): Promise<Weights> {
  switch (peer.kind) {
    case 'cidr-ipv4':
      return { IPv4: 1 };
    case 'cidr-ipv6':
      return { IPv6: 1 };
    case 'group':
      return { IPv4: 1, IPv6: 1 };
    case 'prefix-list': {
      const list = await reader.get('prefixList', peer.prefixListId);
      return list ? { [list.addressFamily]: list.maxEntries } : {};
    }
  }
}

type Direction = SecurityGroupRule['direction'];

async function countRules(
  reader: MetadataReader,
  rules: readonly SecurityGroupRule[],
  direction: Direction,
): Promise<Required<Weights>> {
  const count = { IPv4: 0, IPv6: 0 };
  for (const { peer } of rules.filter((rule) => rule.direction === direction)) {
    const { IPv4 = 0, IPv6 = 0 } = await ruleWeights(reader, peer);
    count.IPv4 += IPv4;
    count.IPv6 += IPv6;
  }
  return count;
}

/**
 * Refuses the rules of a group when there are too many of them in a direction, and more than `before`: a group that has
 * too many already can be changed, but not grow.
 */
export async function checkRuleCount(
  reader: MetadataReader,
  rules: readonly SecurityGroupRule[],
  before: readonly SecurityGroupRule[] = [],
): Promise<void> {
  for (const direction of ['ingress', 'egress'] as const) {
    const count = await countRules(reader, rules, direction);
    const earlier = await countRules(reader, before, direction);
    const hasGrown = (family: keyof Weights) => count[family] > Math.max(rulesMax, earlier[family]);
    if (hasGrown('IPv4') || hasGrown('IPv6')) {
      throw apiError('RulesPerSecurityGroupLimitExceeded', {});
    }
  }
}
