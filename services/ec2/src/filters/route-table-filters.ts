import { type RouteTableFacts, routeTableAssociations, routeViews } from '../views/route-table.ts';
import { type FilterTable, type FilterValue, nothing, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type TableFilter = FilterTable<RouteTableFacts>[string];

const ofRoutes =
  (value: (route: ReturnType<typeof routeViews>[number]) => FilterValue): TableFilter =>
  (facts) =>
    routeViews(facts).map(value);

const ofAssociations =
  (
    value: (association: ReturnType<typeof routeTableAssociations>[number]) => FilterValue,
  ): TableFilter =>
  (facts) =>
    routeTableAssociations(facts).map(value);

/** The filters of DescribeRouteTables, by their documented names. */
export const routeTableFilters: FilterTable<RouteTableFacts> = {
  'tag:': ({ table }, key) => tagFilters['tag:'](table, key),
  'tag-key': ({ table }) => tagFilters['tag-key'](table),
  ...nothing([
    'association.gateway-id',
    'route.destination-ipv6-cidr-block',
    'route.egress-only-internet-gateway-id',
    'route.transit-gateway-id',
    'route.vpc-peering-connection-id',
  ]),
  'owner-id': ({ table }) => table.ownerId,
  'association.route-table-association-id': ofAssociations(
    ({ RouteTableAssociationId }) => RouteTableAssociationId,
  ),
  'association.route-table-id': ofAssociations(({ RouteTableId }) => RouteTableId),
  'association.subnet-id': ofAssociations(({ SubnetId }) => SubnetId),
  'association.main': ofAssociations(({ Main }) => Main),
  'route-table-id': ({ table }) => table.id,
  'route.destination-cidr-block': ofRoutes(({ DestinationCidrBlock }) => DestinationCidrBlock),
  'route.destination-prefix-list-id': ofRoutes(
    ({ DestinationPrefixListId }) => DestinationPrefixListId,
  ),
  'route.gateway-id': ofRoutes(({ GatewayId }) => GatewayId),
  'route.instance-id': ofRoutes(({ InstanceId }) => InstanceId),
  'route.nat-gateway-id': ofRoutes(({ NatGatewayId }) => NatGatewayId),
  'route.origin': ofRoutes(({ Origin }) => Origin),
  'route.state': ofRoutes(({ State }) => State),
  'vpc-id': ({ table }) => table.vpcId,
};

export const routeTableIndexes: FilterIndexes<'routeTable'> = {
  'vpc-id': 'vpc',
  'route.nat-gateway-id': 'target',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
