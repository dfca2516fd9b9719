import type { OperationTable } from '../../operation.ts';
import { describeVpcAttribute } from './describe-vpc-attribute.ts';
import { describeVpcs } from './describe-vpcs.ts';

export const vpcOperations = {
  DescribeVpcAttribute: describeVpcAttribute,
  DescribeVpcs: describeVpcs,
} satisfies OperationTable;
