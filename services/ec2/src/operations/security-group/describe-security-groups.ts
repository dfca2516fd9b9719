import type { MetadataReader, SecurityGroup } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { readFilters } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import {
  securityGroupFilters,
  securityGroupIndexes,
} from '../../filters/security-group-filters.ts';
import { allOwnedById } from '../../lookup/lookups.ts';
import { ownQuery } from '../../lookup/owned-steps.ts';
import { type Candidates, recordSteps } from '../../lookup/record-steps.ts';
import { defaultVpcGroup, rulesOf } from '../../network/groups.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { type SecurityGroupFacts, securityGroupView } from '../../views/security-group.ts';

type Request = Parameters<Operation<'DescribeSecurityGroups'>>[1];

async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  { GroupIds: ids = [], GroupNames: names = [], Filters: filters }: Request,
): Promise<Candidates<'securityGroup'>> {
  if (ids.length === 0 && names.length === 0) {
    return { queries: [ownQuery(context, narrow(filters, securityGroupIndexes))] };
  }
  const found = new Map<string, SecurityGroup>();
  for (const group of await allOwnedById(reader, context, 'securityGroup', ids)) {
    found.set(group.id, group);
  }
  for (const name of names) {
    const group = await defaultVpcGroup(reader, context, name);
    found.set(group.id, group);
  }
  return { named: [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** A group with its rules and the names of the groups that they refer to. */
async function readSecurityGroupFacts(
  reader: MetadataReader,
  group: SecurityGroup,
): Promise<SecurityGroupFacts> {
  const rules = await rulesOf(reader, group.id);
  const peerNames = new Map<string, string>();
  for (const { peer } of rules) {
    if (peer.kind !== 'group' || peerNames.has(peer.groupId)) continue;
    const named = await reader.get('securityGroup', peer.groupId);
    if (named) peerNames.set(named.id, named.name);
  }
  return { group, rules, peerNames };
}

export const describeSecurityGroups: Operation<'DescribeSecurityGroups'> = async (
  context,
  request,
) => {
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(request.Filters, securityGroupFilters),
    read: recordSteps(context, {
      kind: 'securityGroup',
      candidates: (reader) => candidates(reader, context, request),
      item: readSecurityGroupFacts,
    }),
  });
  return {
    SecurityGroups: items.map(securityGroupView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
