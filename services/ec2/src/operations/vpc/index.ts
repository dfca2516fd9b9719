import type { OperationTable } from '../../operation.ts';
import { associateVpcCidrBlock } from './associate-vpc-cidr-block.ts';
import { createDefaultVpc } from './create-default-vpc.ts';
import { createVpc } from './create-vpc.ts';
import { deleteVpc } from './delete-vpc.ts';
import { describeVpcAttribute } from './describe-vpc-attribute.ts';
import { describeVpcs } from './describe-vpcs.ts';
import { disassociateVpcCidrBlock } from './disassociate-vpc-cidr-block.ts';
import { modifyVpcAttribute } from './modify-vpc-attribute.ts';
import { modifyVpcTenancy } from './modify-vpc-tenancy.ts';

export const vpcOperations = {
  AssociateVpcCidrBlock: associateVpcCidrBlock,
  CreateDefaultVpc: createDefaultVpc,
  CreateVpc: createVpc,
  DeleteVpc: deleteVpc,
  DescribeVpcAttribute: describeVpcAttribute,
  DescribeVpcs: describeVpcs,
  DisassociateVpcCidrBlock: disassociateVpcCidrBlock,
  ModifyVpcAttribute: modifyVpcAttribute,
  ModifyVpcTenancy: modifyVpcTenancy,
} satisfies OperationTable;
