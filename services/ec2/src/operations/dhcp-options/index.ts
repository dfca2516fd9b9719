import type { OperationTable } from '../../operation.ts';
import { associateDhcpOptions } from './associate-dhcp-options.ts';
import { createDhcpOptions } from './create-dhcp-options.ts';
import { deleteDhcpOptions } from './delete-dhcp-options.ts';
import { describeDhcpOptions } from './describe-dhcp-options.ts';

export const dhcpOptionsOperations = {
  AssociateDhcpOptions: associateDhcpOptions,
  CreateDhcpOptions: createDhcpOptions,
  DeleteDhcpOptions: deleteDhcpOptions,
  DescribeDhcpOptions: describeDhcpOptions,
} satisfies OperationTable;
