import type { OperationTable } from '../../operation.ts';
import { assignPrivateIpAddresses } from './assign-private-ip-addresses.ts';
import { attachNetworkInterface } from './attach-network-interface.ts';
import { createNetworkInterface } from './create-network-interface.ts';
import { deleteNetworkInterface } from './delete-network-interface.ts';
import { describeNetworkInterfaceAttribute } from './describe-network-interface-attribute.ts';
import { describeNetworkInterfaces } from './describe-network-interfaces.ts';
import { detachNetworkInterface } from './detach-network-interface.ts';
import { modifyNetworkInterfaceAttribute } from './modify-network-interface-attribute.ts';
import { resetNetworkInterfaceAttribute } from './reset-network-interface-attribute.ts';
import { unassignPrivateIpAddresses } from './unassign-private-ip-addresses.ts';

export const networkInterfaceOperations = {
  AssignPrivateIpAddresses: assignPrivateIpAddresses,
  AttachNetworkInterface: attachNetworkInterface,
  CreateNetworkInterface: createNetworkInterface,
  DeleteNetworkInterface: deleteNetworkInterface,
  DescribeNetworkInterfaceAttribute: describeNetworkInterfaceAttribute,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DetachNetworkInterface: detachNetworkInterface,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  ResetNetworkInterfaceAttribute: resetNetworkInterfaceAttribute,
  UnassignPrivateIpAddresses: unassignPrivateIpAddresses,
} satisfies OperationTable;
