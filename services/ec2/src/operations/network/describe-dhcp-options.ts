import { dhcpOptionsFilters } from '../../filters/vpc-part-filters.ts';
import { partKinds, vpcParts } from '../../network/vpc-parts.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';
import { dhcpOptionsView } from '../../views/vpc-parts.ts';
import { partCandidates } from './part-candidates.ts';

export const describeDhcpOptions: Operation<'DescribeDhcpOptions'> = async (context, request) => {
  const kind = partKinds.dhcpOptions;
  const all = await context.read((reader) =>
    partCandidates(reader, context, { kind, ids: request.DhcpOptionsIds }),
  );
  const { items, nextToken } = await pageOfItems({
    request,
    items: all,
    idOf: (vpc) => vpcParts(vpc)[kind.part],
    table: dhcpOptionsFilters,
  });
  return {
    DhcpOptions: items.map(dhcpOptionsView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
