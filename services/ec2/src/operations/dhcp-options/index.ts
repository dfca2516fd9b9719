import type { OperationTable } from '../../operation.ts';
import { describeDhcpOptions } from './describe-dhcp-options.ts';

export const dhcpOptionsOperations = {
  DescribeDhcpOptions: describeDhcpOptions,
} satisfies OperationTable;
