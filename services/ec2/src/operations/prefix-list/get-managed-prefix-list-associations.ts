import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';
import { prefixListUsers } from './prefix-list-users.ts';

const pageLimits = { min: 5, max: 255 };

/** What refers to a list: security groups and route tables. */
export const getManagedPrefixListAssociations: Operation<
  'GetManagedPrefixListAssociations'
> = async (context, request) => {
  const { ownerId, users } = await context.read(async (reader) => {
    const list = await ownedById(reader, context, 'prefixList', request.PrefixListId);
    return { ownerId: list.ownerId, users: await prefixListUsers(reader, list.id) };
  });
  const { items, nextToken } = await pageOfItems({
    request,
    items: users,
    idOf: (id) => id,
    table: {},
    limits: pageLimits,
  });
  return {
    PrefixListAssociations: items.map((id) => ({ ResourceId: id, ResourceOwner: ownerId })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
