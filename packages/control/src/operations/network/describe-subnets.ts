import { filterItems } from '../../filters/filter.ts';
import { subnetFilters, subnetIndexes } from '../../filters/subnet-filters.ts';
import type { Operation } from '../../operation.ts';
import { ownedCandidates } from '../../owned-candidates.ts';
import { page } from '../../paging.ts';
import { readSubnetFacts, subnetView } from '../../views/subnet.ts';

export const describeSubnets: Operation<'DescribeSubnets'> = async (context, request) =>
  await context.read(async (reader) => {
    const { SubnetIds: ids, Filters: filters } = request;
    const query = { kind: 'subnet', ids, filters, indexes: subnetIndexes } as const;
    const facts = [];
    for (const subnet of await ownedCandidates(reader, context, query)) {
      facts.push(await readSubnetFacts(reader, subnet));
    }
    const found = filterItems(facts, filters, subnetFilters);
    const { items, nextToken } = page(found, request, ({ subnet }) => subnet.id);
    return { Subnets: items.map(subnetView), ...(nextToken ? { NextToken: nextToken } : {}) };
  });
