import type { OperationTable } from '../../operation.ts';
import { describeInternetGateways } from './describe-internet-gateways.ts';

export const internetGatewayOperations = {
  DescribeInternetGateways: describeInternetGateways,
} satisfies OperationTable;
