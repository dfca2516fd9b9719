import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { isSamePlace, requestedEntry } from './requested-entry.ts';

/** Another entry of the same direction and number. In force when it returns. */
export const replaceNetworkAclEntry: Operation<'ReplaceNetworkAclEntry'> = async (
  context,
  request,
) => {
  const entry = requestedEntry(request);
  await context.write(async (tx) => {
    const acl = await ownedById(tx, context, 'networkAcl', request.NetworkAclId);
    if (!acl.entries.some((each) => isSamePlace(each, entry))) {
      throw apiError('InvalidNetworkAclEntry.NotFound', { ...entry, aclId: acl.id });
    }
    const entries = acl.entries.map((each) => (isSamePlace(each, entry) ? entry : each));
    await tx.put('networkAcl', { ...acl, entries });
  });
  await enforcePolicy(context);
  return {};
};
