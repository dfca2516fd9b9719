import type { OperationTable } from '../operation.ts';
import { addressOperations } from './address/index.ts';
import { dhcpOptionsOperations } from './dhcp-options/index.ts';
import { imageOperations } from './image/index.ts';
import { instanceOperations } from './instance/index.ts';
import { instanceTypeOperations } from './instance-type/index.ts';
import { internetGatewayOperations } from './internet-gateway/index.ts';
import { keyPairOperations } from './key-pair/index.ts';
import { launchTemplateOperations } from './launch-template/index.ts';
import { natGatewayOperations } from './nat-gateway/index.ts';
import { networkAclOperations } from './network-acl/index.ts';
import { networkInterfaceOperations } from './network-interface/index.ts';
import { prefixListOperations } from './prefix-list/index.ts';
import { regionOperations } from './region/index.ts';
import { routeTableOperations } from './route-table/index.ts';
import { securityGroupOperations } from './security-group/index.ts';
import { snapshotOperations } from './snapshot/index.ts';
import { subnetOperations } from './subnet/index.ts';
import { tagOperations } from './tag/index.ts';
import { volumeOperations } from './volume/index.ts';
import { vpcOperations } from './vpc/index.ts';

/** Every operation that is served, by resource. */
export const operations: OperationTable = {
  ...imageOperations,
  ...instanceOperations,
  ...instanceTypeOperations,
  ...keyPairOperations,
  ...launchTemplateOperations,
  ...snapshotOperations,
  ...volumeOperations,
  ...securityGroupOperations,
  ...vpcOperations,
  ...subnetOperations,
  ...internetGatewayOperations,
  ...routeTableOperations,
  ...networkAclOperations,
  ...dhcpOptionsOperations,
  ...networkInterfaceOperations,
  ...addressOperations,
  ...natGatewayOperations,
  ...prefixListOperations,
  ...tagOperations,
  ...regionOperations,
};
