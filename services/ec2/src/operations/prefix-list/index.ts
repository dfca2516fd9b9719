import type { OperationTable } from '../../operation.ts';
import { createManagedPrefixList } from './create-managed-prefix-list.ts';
import { deleteManagedPrefixList } from './delete-managed-prefix-list.ts';
import { describeManagedPrefixLists } from './describe-managed-prefix-lists.ts';
import { describePrefixLists } from './describe-prefix-lists.ts';
import { getManagedPrefixListAssociations } from './get-managed-prefix-list-associations.ts';
import { getManagedPrefixListEntries } from './get-managed-prefix-list-entries.ts';
import { modifyManagedPrefixList } from './modify-managed-prefix-list.ts';

export const prefixListOperations = {
  CreateManagedPrefixList: createManagedPrefixList,
  DeleteManagedPrefixList: deleteManagedPrefixList,
  DescribeManagedPrefixLists: describeManagedPrefixLists,
  DescribePrefixLists: describePrefixLists,
  GetManagedPrefixListAssociations: getManagedPrefixListAssociations,
  GetManagedPrefixListEntries: getManagedPrefixListEntries,
  ModifyManagedPrefixList: modifyManagedPrefixList,
} satisfies OperationTable;
