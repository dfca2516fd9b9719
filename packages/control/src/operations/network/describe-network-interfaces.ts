import { filterItems } from '../../filters/filter.ts';
import {
  networkInterfaceFilters,
  networkInterfaceIndexes,
} from '../../filters/network-interface-filters.ts';
import type { Operation } from '../../operation.ts';
import { ownedCandidates } from '../../owned-candidates.ts';
import { page } from '../../paging.ts';
import { networkInterfaceView, readNetworkInterfaceFacts } from '../../views/network-interface.ts';

export const describeNetworkInterfaces: Operation<'DescribeNetworkInterfaces'> = async (
  context,
  request,
) =>
  await context.read(async (reader) => {
    const { NetworkInterfaceIds: ids, Filters: filters } = request;
    const indexes = networkInterfaceIndexes;
    const query = { kind: 'networkInterface', ids, filters, indexes } as const;
    const facts = [];
    for (const nic of await ownedCandidates(reader, context, query)) {
      facts.push(await readNetworkInterfaceFacts(reader, nic));
    }
    const found = filterItems(facts, filters, networkInterfaceFilters);
    const { items, nextToken } = page(found, request, ({ nic }) => nic.id);
    return {
      NetworkInterfaces: items.map(networkInterfaceView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
