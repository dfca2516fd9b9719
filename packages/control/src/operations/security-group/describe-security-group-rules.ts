import { filterItems } from '../../filters/filter.ts';
import {
  securityGroupRuleFilters,
  securityGroupRuleIndexes,
} from '../../filters/security-group-filters.ts';
import type { Operation } from '../../operation.ts';
import { ownedCandidates } from '../../owned-candidates.ts';
import { page } from '../../paging.ts';
import { ruleView } from '../../views/security-group.ts';

export const describeSecurityGroupRules: Operation<'DescribeSecurityGroupRules'> = async (
  context,
  request,
) =>
  await context.read(async (reader) => {
    const { SecurityGroupRuleIds: ids, Filters: filters } = request;
    const indexes = securityGroupRuleIndexes;
    const query = { kind: 'securityGroupRule', ids, filters, indexes } as const;
    const all = await ownedCandidates(reader, context, query);
    const found = filterItems(all, filters, securityGroupRuleFilters);
    const { items, nextToken } = page(found, request, (rule) => rule.id);
    return {
      SecurityGroupRules: items.map(ruleView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
