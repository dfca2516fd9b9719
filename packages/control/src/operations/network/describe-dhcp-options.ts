import { filterItems } from '../../filters/filter.ts';
import { dhcpOptionsFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds } from '../../network/part-kinds.ts';
import { vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { dhcpOptionsView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeDhcpOptions: Operation<'DescribeDhcpOptions'> = async (context, request) =>
  await context.read(async (reader) => {
    const kind = partKinds.dhcpOptions;
    const all = await partCandidates(reader, context, { kind, ids: request.DhcpOptionsIds });
    const found = filterItems(all, request.Filters, dhcpOptionsFilters);
    const { items, nextToken } = page(found, request, (vpc) => vpcParts(vpc)[kind.part]);
    return {
      DhcpOptions: items.map(dhcpOptionsView),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  });
