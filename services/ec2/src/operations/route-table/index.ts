import type { OperationTable } from '../../operation.ts';
import { associateRouteTable } from './associate-route-table.ts';
import { createRoute } from './create-route.ts';
import { createRouteTable } from './create-route-table.ts';
import { deleteRoute } from './delete-route.ts';
import { deleteRouteTable } from './delete-route-table.ts';
import { describeRouteTables } from './describe-route-tables.ts';
import { disassociateRouteTable } from './disassociate-route-table.ts';
import { replaceRoute } from './replace-route.ts';
import { replaceRouteTableAssociation } from './replace-route-table-association.ts';

export const routeTableOperations = {
  AssociateRouteTable: associateRouteTable,
  CreateRoute: createRoute,
  CreateRouteTable: createRouteTable,
  DeleteRoute: deleteRoute,
  DeleteRouteTable: deleteRouteTable,
  DescribeRouteTables: describeRouteTables,
  DisassociateRouteTable: disassociateRouteTable,
  ReplaceRoute: replaceRoute,
  ReplaceRouteTableAssociation: replaceRouteTableAssociation,
} satisfies OperationTable;
