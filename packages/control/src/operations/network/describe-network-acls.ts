import { filterItems } from '../../filters/filter.ts';
import { networkAclFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds } from '../../network/part-kinds.ts';
import { vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { type NetworkAclFacts, networkAclView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeNetworkAcls: Operation<'DescribeNetworkAcls'> = async (context, request) =>
  await context.read(async (reader) => {
    const kind = partKinds.networkAcl;
    const facts: NetworkAclFacts[] = [];
    for (const vpc of await partCandidates(reader, context, { kind, ids: request.NetworkAclIds })) {
      const subnets = await reader.list('subnet', { where: { vpc: [vpc.id] } });
      facts.push({ vpc, subnets });
    }
    const found = filterItems(facts, request.Filters, networkAclFilters);
    const { items, nextToken } = page(found, request, ({ vpc }) => vpcParts(vpc)[kind.part]);
    return {
      NetworkAcls: items.map(networkAclView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
