import type * as Ec2 from '@bakehouse/aws-model';
import { ec2Arn, type PrefixList } from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';

type PrefixListView = NonNullable<
  Ec2.Ec2Output<'DescribeManagedPrefixLists'>['PrefixLists']
>[number];

/** The official shape of a prefix list. A change is complete when its call returns. */
export function prefixListView(list: PrefixList): PrefixListView {
  return {
    PrefixListId: list.id,
    AddressFamily: list.addressFamily,
    State: list.version === 1 ? 'create-complete' : 'modify-complete',
    PrefixListArn: ec2Arn(list, 'prefix-list', list.id),
    PrefixListName: list.name,
    MaxEntries: list.maxEntries,
    Version: list.version,
    Tags: tagsView(list.tags),
    OwnerId: list.ownerId,
  };
}
