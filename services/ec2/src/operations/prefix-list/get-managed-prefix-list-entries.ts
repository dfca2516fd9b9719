import { apiError, type PrefixList, type PrefixListEntry } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';

const pageLimits = { min: 1, max: 100 };

function entriesAt(list: PrefixList, asked: number | undefined): readonly PrefixListEntry[] {
  const versions = [...(list.earlierVersions ?? []), list];
  const found = versions.find(({ version }) => version === (asked ?? list.version));
  if (found) return found.entries;
  throw apiError('InvalidParameterValue', {
    parameter: 'targetVersion',
    value: asked,
    hint: `The prefix list '${list.id}' has no such version, or it is no longer kept.`,
  });
}

/** The entries of a version, the current one unless another is named. */
export const getManagedPrefixListEntries: Operation<'GetManagedPrefixListEntries'> = async (
  context,
  request,
) => {
  const list = await context.read((reader) =>
    ownedById(reader, context, 'prefixList', request.PrefixListId),
  );
  const entries = entriesAt(list, request.TargetVersion);
  const { items, nextToken } = await pageOfItems({
    request,
    items: entries.toSorted((a, b) => (a.cidr < b.cidr ? -1 : 1)),
    idOf: ({ cidr }) => cidr,
    table: {},
    limits: pageLimits,
  });
  return {
    Entries: items.map(({ cidr, description }) => ({
      Cidr: cidr,
      ...(description === undefined ? {} : { Description: description }),
    })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
