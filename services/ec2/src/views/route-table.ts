import type * as Ec2 from '@bakehouse/aws-model';
import {
  type AccountId,
  type InstanceId,
  isLiveTarget,
  type MetadataReader,
  type RouteEntry,
  type RouteTable,
  type Subnet,
  type Vpc,
  vpcCidrs,
} from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';

export type RouteTableView = NonNullable<
  Ec2.Ec2Output<'DescribeRouteTables'>['RouteTables']
>[number];
type RouteView = NonNullable<RouteTableView['Routes']>[number];
type AssociationView = NonNullable<RouteTableView['Associations']>[number];

/** A route with what its records say of its target. */
interface RouteFacts {
  readonly route: RouteEntry;
  readonly isLive: boolean;
  /** Whose interface the target is. */
  readonly instance?: { readonly id: InstanceId; readonly ownerId: AccountId };
}

/** A route table with the VPC, the subnets and the targets that it names or is named by. */
export interface RouteTableFacts {
  readonly table: RouteTable;
  readonly vpc: Vpc | undefined;
  /** Those that are associated with it. */
  readonly subnets: readonly Subnet[];
  readonly routes: readonly RouteFacts[];
}

async function readRouteFacts(
  reader: MetadataReader,
  table: RouteTable,
  route: RouteEntry,
): Promise<RouteFacts> {
  const { target } = route;
  const isLive = await isLiveTarget(reader, table.vpcId, target);
  if (target.kind !== 'interface') return { route, isLive };
  const nic = await reader.get('networkInterface', target.id);
  if (!nic?.attachment) return { route, isLive };
  return { route, isLive, instance: { id: nic.attachment.instanceId, ownerId: nic.ownerId } };
}

export async function readRouteTableFacts(
  reader: MetadataReader,
  table: RouteTable,
): Promise<RouteTableFacts> {
  const vpc = await reader.get('vpc', table.vpcId);
  const subnets = await reader.list('subnet', { where: { routeTable: [table.id] } });
  const routes: RouteFacts[] = [];
  for (const route of table.routes) routes.push(await readRouteFacts(reader, table, route));
  return { table, vpc, subnets, routes };
}

const localRoute = (cidr: string): RouteView => ({
  DestinationCidrBlock: cidr,
  GatewayId: 'local',
  Origin: 'CreateRouteTable',
  State: 'active',
});

function targetView({ route: { target }, instance }: RouteFacts): RouteView {
  switch (target.kind) {
    case 'internet-gateway':
      return { GatewayId: target.id };
    case 'nat-gateway':
      return { NatGatewayId: target.id };
    case 'interface':
      return {
        ...(instance ? { InstanceId: instance.id, InstanceOwnerId: instance.ownerId } : {}),
        NetworkInterfaceId: target.id,
      };
  }
}

function routeView(facts: RouteFacts): RouteView {
  const { destination } = facts.route;
  return {
    ...(destination.startsWith('pl-')
      ? { DestinationPrefixListId: destination }
      : { DestinationCidrBlock: destination }),
    ...targetView(facts),
    Origin: 'CreateRoute',
    State: facts.isLive ? 'active' : 'blackhole',
  };
}

/** The routes as EC2 shows them; the filters read them, too. */
export const routeViews = ({ vpc, routes }: RouteTableFacts): readonly RouteView[] => [
  ...(vpc ? vpcCidrs(vpc).map(localRoute) : []),
  ...routes.map(routeView),
];

const associated = { State: 'associated' } as const;

export function routeTableAssociations({
  table,
  vpc,
  subnets,
}: RouteTableFacts): AssociationView[] {
  const isMain = vpc?.mainRouteTable.routeTableId === table.id;
  const main = isMain ? [{ ...vpc.mainRouteTable, subnetId: undefined }] : [];
  const own = subnets.flatMap(({ id, routeTable }) =>
    routeTable ? [{ ...routeTable, subnetId: id }] : [],
  );
  return [...main, ...own].map(({ associationId, routeTableId, subnetId }) => ({
    Main: subnetId === undefined,
    RouteTableAssociationId: associationId,
    RouteTableId: routeTableId,
    ...(subnetId === undefined ? {} : { SubnetId: subnetId }),
    AssociationState: associated,
  }));
}

/** The official shape of a route table. */
export function routeTableView(facts: RouteTableFacts): RouteTableView {
  const { table } = facts;
  return {
    Associations: routeTableAssociations(facts),
    PropagatingVgws: [],
    RouteTableId: table.id,
    Routes: [...routeViews(facts)],
    Tags: tagsView(table.tags),
    VpcId: table.vpcId,
    OwnerId: table.ownerId,
  };
}
