import type { OperationTable } from '../../operation.ts';
import { createDefaultSubnet } from './create-default-subnet.ts';
import { createSubnet } from './create-subnet.ts';
import { deleteSubnet } from './delete-subnet.ts';
import { describeSubnets } from './describe-subnets.ts';
import { modifySubnetAttribute } from './modify-subnet-attribute.ts';

export const subnetOperations = {
  CreateDefaultSubnet: createDefaultSubnet,
  CreateSubnet: createSubnet,
  DeleteSubnet: deleteSubnet,
  DescribeSubnets: describeSubnets,
  ModifySubnetAttribute: modifySubnetAttribute,
} satisfies OperationTable;
