import type { Ec2Input } from '@bakehouse/aws-model';
import type { PrefixList, PrefixListId } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import { checkQuota } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { tagsFor } from '../../request/tags.ts';
import { oneOf } from '../../request/text.ts';
import { prefixListView } from '../../views/prefix-list.ts';
import {
  askedEntries,
  checkEntryCount,
  checkMaxEntries,
  checkPrefixListName,
} from './prefix-list-request.ts';

type Request = Ec2Input<'CreateManagedPrefixList'>;

function planPrefixList(context: OperationContext, request: Request): PrefixList {
  const { PrefixListName: name, MaxEntries: maxEntries } = request;
  checkPrefixListName(name);
  checkMaxEntries(maxEntries);
  const addressFamily = oneOf('addressFamily', request.AddressFamily, ['IPv4', 'IPv6']);
  const list: PrefixList = {
    id: context.ids.resource('pl'),
    ownerId: context.accountId,
    region: context.region,
    tags: tagsFor('prefix-list', request.TagSpecifications, ['prefix-list']),
    createdAt: context.now,
    name,
    addressFamily,
    maxEntries,
    version: 1,
    entries: askedEntries(addressFamily, request.Entries),
  };
  checkEntryCount(list);
  return list;
}

/** The first version of a list. */
export const createManagedPrefixList: Operation<'CreateManagedPrefixList'> = async (
  context,
  request,
) => {
  const use = { operation: 'CreateManagedPrefixList', token: request.ClientToken, request };
  return await context.write(async (tx) => {
    const [id] = await withClientToken<PrefixListId>(tx, context, use, async () => {
      await checkQuota(tx, context, 'prefixList');
      const list = planPrefixList(context, request);
      await tx.put('prefixList', list);
      return [list.id];
    });
    return { PrefixList: prefixListView(await ownedById(tx, context, 'prefixList', id)) };
  });
};
