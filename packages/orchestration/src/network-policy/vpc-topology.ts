import {
  isRoutedInterface,
  type MetadataReader,
  type NetworkInterfaceId,
  type PrefixList,
  type PrefixListId,
  planTopology,
  type RouteTable,
  type Vpc,
  type VpcId,
  type VpcTopology,
} from '@bakehouse/domain';

/** The interfaces that the routes of a VPC lead to. */
async function liveInterfaces(
  reader: MetadataReader,
  { id: vpcId }: Vpc,
  tables: readonly RouteTable[],
): Promise<ReadonlySet<NetworkInterfaceId>> {
  const targets = tables.flatMap(({ routes }) => routes.map(({ target }) => target));
  const ids = targets.flatMap((target) => (target.kind === 'interface' ? [target.id] : []));
  const nics = await reader.getMany('networkInterface', [...new Set(ids)]);
  const live = nics.filter((nic) => nic !== undefined && isRoutedInterface(nic, vpcId));
  return new Set(live.flatMap((nic) => nic?.id ?? []));
}

async function prefixLists(
  reader: MetadataReader,
  tables: readonly RouteTable[],
): Promise<ReadonlyMap<PrefixListId, PrefixList>> {
  const destinations = tables.flatMap(({ routes }) => routes.map((route) => route.destination));
  const ids = [...new Set(destinations)].filter((destination) => destination.startsWith('pl-'));
  const lists = (await reader.getMany('prefixList', ids)).filter((list) => list !== undefined);
  return new Map(lists.map((list) => [list.id, list]));
}

/** A VPC as the network makes it; undefined when it has no record. Its cost grows with the parts of this VPC only. */
export async function vpcTopology(
  reader: MetadataReader,
  vpcId: VpcId,
): Promise<VpcTopology | undefined> {
  const vpc = await reader.get('vpc', vpcId);
  if (vpc === undefined) return undefined;
  const where = { vpc: [vpcId] };
  const routeTables = await reader.list('routeTable', { where });
  const [internetGateway] = await reader.list('internetGateway', { where });
  const { dhcpOptionsId } = vpc;
  return planTopology({
    vpc,
    subnets: await reader.list('subnet', { where }),
    routeTables,
    acls: await reader.list('networkAcl', { where }),
    internetGateway,
    natGateways: await reader.list('natGateway', { where }),
    dhcpOptions: dhcpOptionsId ? await reader.get('dhcpOptions', dhcpOptionsId) : undefined,
    liveInterfaces: await liveInterfaces(reader, vpc, routeTables),
    prefixLists: await prefixLists(reader, routeTables),
  });
}
