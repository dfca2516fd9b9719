import type { OperationTable } from '../../operation.ts';
import { deleteNetworkInterface } from './delete-network-interface.ts';
import { describeAddresses } from './describe-addresses.ts';
import { describeNetworkInterfaceAttribute } from './describe-network-interface-attribute.ts';
import { describeNetworkInterfaces } from './describe-network-interfaces.ts';
import { modifyNetworkInterfaceAttribute } from './modify-network-interface-attribute.ts';

export const networkOperations = {
  DeleteNetworkInterface: deleteNetworkInterface,
  DescribeAddresses: describeAddresses,
  DescribeNetworkInterfaceAttribute: describeNetworkInterfaceAttribute,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
} satisfies OperationTable;
