import type { OperationTable } from '../../operation.ts';
import { createNatGateway } from './create-nat-gateway.ts';
import { deleteNatGateway } from './delete-nat-gateway.ts';
import { describeNatGateways } from './describe-nat-gateways.ts';

export const natGatewayOperations = {
  CreateNatGateway: createNatGateway,
  DeleteNatGateway: deleteNatGateway,
  DescribeNatGateways: describeNatGateways,
} satisfies OperationTable;
