import type { MetadataReader, SecurityGroup } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { filterItems } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import {
  securityGroupFilters,
  securityGroupIndexes,
} from '../../filters/security-group-filters.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { type SecurityGroupFacts, securityGroupView } from '../../views/security-group.ts';
import { defaultVpcGroup, rulesOf } from './find-group.ts';

type Request = Parameters<Operation<'DescribeSecurityGroups'>>[1];

async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  { GroupIds: ids = [], GroupNames: names = [], Filters: filters }: Request,
): Promise<readonly SecurityGroup[]> {
  if (ids.length === 0 && names.length === 0) {
    const query = narrow(context.region, filters, securityGroupIndexes);
    const where = { ...query.where, owner: [context.accountId] };
    return await reader.list('securityGroup', { ...query, where });
  }
  const found = new Map<string, SecurityGroup>();
  for (const group of await allOwnedById(reader, context, 'securityGroup', ids)) {
    found.set(group.id, group);
  }
  for (const name of names) {
    const group = await defaultVpcGroup(reader, context, name);
    found.set(group.id, group);
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A group with its rules and the names of the groups that they refer to. */
export async function readSecurityGroupFacts(
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
) =>
  await context.read(async (reader) => {
    const facts = [];
    for (const group of await candidates(reader, context, request)) {
      facts.push(await readSecurityGroupFacts(reader, group));
    }
    const found = filterItems(facts, request.Filters, securityGroupFilters);
    const { items, nextToken } = page(found, request, ({ group }) => group.id);
    return {
      SecurityGroups: items.map(securityGroupView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
