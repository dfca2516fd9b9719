import type { OperationTable } from '../../operation.ts';
import { describeSubnets } from './describe-subnets.ts';
import { describeVpcs } from './describe-vpcs.ts';

export const networkOperations = {
  DescribeSubnets: describeSubnets,
  DescribeVpcs: describeVpcs,
} satisfies OperationTable;
