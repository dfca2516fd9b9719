import type { OperationTable } from '../../operation.ts';
import { attachInternetGateway } from './attach-internet-gateway.ts';
import { createInternetGateway } from './create-internet-gateway.ts';
import { deleteInternetGateway } from './delete-internet-gateway.ts';
import { describeInternetGateways } from './describe-internet-gateways.ts';
import { detachInternetGateway } from './detach-internet-gateway.ts';

export const internetGatewayOperations = {
  AttachInternetGateway: attachInternetGateway,
  CreateInternetGateway: createInternetGateway,
  DeleteInternetGateway: deleteInternetGateway,
  DescribeInternetGateways: describeInternetGateways,
  DetachInternetGateway: detachInternetGateway,
} satisfies OperationTable;
