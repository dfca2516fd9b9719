import type { OperationTable } from '../../operation.ts';
import { describeSubnets } from './describe-subnets.ts';

export const subnetOperations = {
  DescribeSubnets: describeSubnets,
} satisfies OperationTable;
