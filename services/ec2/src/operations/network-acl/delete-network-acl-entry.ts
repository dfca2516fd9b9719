import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { isSamePlace, requestedPlace } from './requested-entry.ts';

/** The entry that denies the rest stays. */
export const deleteNetworkAclEntry: Operation<'DeleteNetworkAclEntry'> = async (
  context,
  request,
) => {
  const place = requestedPlace(request);
  await context.write(async (tx) => {
    const acl = await ownedById(tx, context, 'networkAcl', request.NetworkAclId);
    const entries = acl.entries.filter((each) => !isSamePlace(each, place));
    if (entries.length === acl.entries.length) {
      throw apiError('InvalidNetworkAclEntry.NotFound', { ...place, aclId: acl.id });
    }
    await tx.put('networkAcl', { ...acl, entries });
  });
  await enforcePolicy(context);
  return {};
};
