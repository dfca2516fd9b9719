import type { OperationTable } from '../../operation.ts';
import { describeRouteTables } from './describe-route-tables.ts';

export const routeTableOperations = {
  DescribeRouteTables: describeRouteTables,
} satisfies OperationTable;
