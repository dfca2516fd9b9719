import type { OperationTable } from '../../operation.ts';
import { deleteNetworkInterface } from './delete-network-interface.ts';
import { describeAddresses } from './describe-addresses.ts';
import { describeDhcpOptions } from './describe-dhcp-options.ts';
import { describeInternetGateways } from './describe-internet-gateways.ts';
import { describeNetworkAcls } from './describe-network-acls.ts';
import { describeNetworkInterfaceAttribute } from './describe-network-interface-attribute.ts';
import { describeNetworkInterfaces } from './describe-network-interfaces.ts';
import { describeRouteTables } from './describe-route-tables.ts';
import { describeSubnets } from './describe-subnets.ts';
import { describeVpcAttribute } from './describe-vpc-attribute.ts';
import { describeVpcs } from './describe-vpcs.ts';
import { modifyNetworkInterfaceAttribute } from './modify-network-interface-attribute.ts';

export const networkOperations = {
  DeleteNetworkInterface: deleteNetworkInterface,
  DescribeAddresses: describeAddresses,
  DescribeDhcpOptions: describeDhcpOptions,
  DescribeInternetGateways: describeInternetGateways,
  DescribeNetworkAcls: describeNetworkAcls,
  DescribeNetworkInterfaceAttribute: describeNetworkInterfaceAttribute,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeRouteTables: describeRouteTables,
  DescribeSubnets: describeSubnets,
  DescribeVpcAttribute: describeVpcAttribute,
  DescribeVpcs: describeVpcs,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
} satisfies OperationTable;
