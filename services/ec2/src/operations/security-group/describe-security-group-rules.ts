import { readFilters } from '../../filters/filter.ts';
import {
  securityGroupRuleFilters,
  securityGroupRuleIndexes,
} from '../../filters/security-group-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { ruleView } from '../../views/security-group.ts';

export const describeSecurityGroupRules: Operation<'DescribeSecurityGroupRules'> = async (
  context,
  request,
) => {
  const { SecurityGroupRuleIds: ids, Filters: filters } = request;
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, securityGroupRuleFilters),
    read: ownedSteps(context, {
      kind: 'securityGroupRule',
      ids,
      filters,
      indexes: securityGroupRuleIndexes,
      item: async (_, rule) => rule,
    }),
  });
  return {
    SecurityGroupRules: items.map(ruleView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
