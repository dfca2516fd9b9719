import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { prefixListView } from '../../views/prefix-list.ts';
import { prefixListUsers } from './prefix-list-users.ts';

/** Refused while a rule or a route refers to the list. */
export const deleteManagedPrefixList: Operation<'DeleteManagedPrefixList'> = async (
  context,
  request,
) =>
  await context.write(async (tx) => {
    const list = await ownedById(tx, context, 'prefixList', request.PrefixListId);
    if ((await prefixListUsers(tx, list.id)).length > 0) {
      throw apiError('DependencyViolation', { id: list.id });
    }
    await tx.delete('prefixList', list.id);
    return { PrefixList: { ...prefixListView(list), State: 'delete-complete' } };
  });
