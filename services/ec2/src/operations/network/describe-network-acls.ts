import { networkAclFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds, vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';
import { type NetworkAclFacts, networkAclView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeNetworkAcls: Operation<'DescribeNetworkAcls'> = async (context, request) => {
  const kind = partKinds.networkAcl;
  const all = await context.read(async (reader) => {
    const facts: NetworkAclFacts[] = [];
    for (const vpc of await partCandidates(reader, context, { kind, ids: request.NetworkAclIds })) {
      const subnets = await reader.list('subnet', { where: { vpc: [vpc.id] } });
      facts.push({ vpc, subnets });
    }
    return facts;
  });
  const { items, nextToken } = await pageOfItems({
    request,
    items: all,
    idOf: ({ vpc }) => vpcParts(vpc)[kind.part],
    table: networkAclFilters,
  });
  return {
    NetworkAcls: items.map(networkAclView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
