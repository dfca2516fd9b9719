import type { OperationTable } from '../../operation.ts';
import { describeNetworkAcls } from './describe-network-acls.ts';

export const networkAclOperations = {
  DescribeNetworkAcls: describeNetworkAcls,
} satisfies OperationTable;
