import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { networkQuotas } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { isSamePlace, requestedEntry } from './requested-entry.ts';

const max = networkQuotas.entriesPerAcl;

/** An entry with a number of its own. In force when it returns. */
export const createNetworkAclEntry: Operation<'CreateNetworkAclEntry'> = async (
  context,
  request,
) => {
  const entry = requestedEntry(request);
  const { direction, ruleNumber } = entry;
  await context.write(async (tx) => {
    const acl = await ownedById(tx, context, 'networkAcl', request.NetworkAclId);
    if (acl.entries.some((each) => isSamePlace(each, entry))) {
      throw apiError('NetworkAclEntryAlreadyExists', { ruleNumber });
    }
    if (acl.entries.filter((each) => each.direction === direction).length >= max) {
      throw apiError('NetworkAclEntryLimitExceeded', { max, of: `${direction} of ${acl.id}` });
    }
    await tx.put('networkAcl', { ...acl, entries: [...acl.entries, entry] });
  });
  await enforcePolicy(context);
  return {};
};
