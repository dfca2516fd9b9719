import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  isRangeWithin,
  type MetadataReader,
  type NetworkInterface,
  type PrefixList,
  type RouteEntry,
  type RouteEntryTarget,
  type RouteTable,
  vpcCidrs,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import { onlyInterface } from '../../network/only-interface.ts';
import { requestedRange } from '../../network/requested-range.ts';
import { refuseUnserved } from '../../request/refusals.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;
type RouteRequest = Ec2Input<'CreateRoute'>;

/** Targets and destinations that this platform does not have. */
const unserved = [
  'CarrierGatewayId',
  'CoreNetworkArn',
  'DestinationIpv6CidrBlock',
  'EgressOnlyInternetGatewayId',
  'LocalGatewayId',
  'OdbNetworkArn',
  'TransitGatewayId',
  'VpcEndpointId',
  'VpcPeeringConnectionId',
] as const;

interface DestinationRequest {
  readonly DestinationCidrBlock?: string | undefined;
  readonly DestinationPrefixListId?: string | undefined;
}

/** The destination that a request names: a range, or a prefix list that the caller has and `checkList` takes. */
export async function requestedDestination(
  reader: MetadataReader,
  scope: Scope,
  { DestinationCidrBlock: cidr, DestinationPrefixListId: listId }: DestinationRequest,
  checkList: (list: PrefixList) => void = () => {},
): Promise<RouteEntry['destination']> {
  if (cidr && listId) {
    throw apiError('InvalidParameterCombination', {
      message: 'Specify destinationCidrBlock or destinationPrefixListId, not both',
    });
  }
  if (!listId) return requestedRange('destinationCidrBlock', cidr);
  const list = await ownedById(reader, scope, 'prefixList', listId);
  checkList(list);
  return list.id;
}

const different = (table: RouteTable, what: string) =>
  apiError('InvalidParameterValue', {
    message: `route table ${table.id} and ${what} belong to different networks`,
  });

interface TargetRequest {
  readonly reader: MetadataReader;
  readonly scope: Scope;
  readonly table: RouteTable;
  readonly id: string;
}

async function gatewayTarget({ reader, scope, table, id }: TargetRequest) {
  const gateway = await reader.get('internetGateway', id);
  if (gateway?.ownerId !== scope.accountId || gateway.region !== scope.region) {
    throw apiError('InvalidGatewayID.NotFound', { id });
  }
  if (gateway.vpcId !== table.vpcId) throw different(table, `network gateway ${id}`);
  return { kind: 'internet-gateway', id: gateway.id } as const;
}

async function natTarget({ reader, scope, table, id }: TargetRequest) {
  const gateway = await reader.get('natGateway', id);
  const isOwn = gateway?.ownerId === scope.accountId && gateway.region === scope.region;
  if (!isOwn || ['deleted', 'failed'].includes(gateway.state)) {
    throw apiError('InvalidNatGatewayID.NotFound', { id });
  }
  if (gateway.vpcId !== table.vpcId) throw different(table, `NAT gateway ${id}`);
  return { kind: 'nat-gateway', id: gateway.id } as const;
}

function toInterface(table: RouteTable, nic: NetworkInterface) {
  if (nic.vpcId !== table.vpcId) throw different(table, `interface ${nic.id}`);
  return { kind: 'interface', id: nic.id } as const;
}

async function interfaceTarget({ reader, scope, table, id }: TargetRequest) {
  return toInterface(table, await ownedById(reader, scope, 'networkInterface', id));
}

/** The only interface of the instance. */
async function instanceTarget({ reader, scope, table, id }: TargetRequest) {
  const instance = await ownedById(reader, scope, 'instance', id);
  return toInterface(table, await onlyInterface(reader, instance));
}

type TargetName = 'GatewayId' | 'NatGatewayId' | 'NetworkInterfaceId' | 'InstanceId';

const targets: Readonly<Record<TargetName, (request: TargetRequest) => Promise<RouteEntryTarget>>> =
  {
    GatewayId: gatewayTarget,
    NatGatewayId: natTarget,
    NetworkInterfaceId: interfaceTarget,
    InstanceId: instanceTarget,
  };
const targetNames = Object.keys(targets) as TargetName[];

async function requestedTarget(
  reader: MetadataReader,
  scope: Scope,
  { table, request }: { table: RouteTable; request: RouteRequest },
): Promise<RouteEntryTarget> {
  const [name, second] = targetNames.filter((each) => request[each]);
  if (name === undefined || second !== undefined) {
    throw apiError('InvalidParameterCombination', {
      place: 'The route',
      oneOf: targetNames.map((each) => each[0]?.toLowerCase() + each.slice(1)),
    });
  }
  return await targets[name]({ reader, scope, table, id: request[name] ?? '' });
}

/** A route into the VPC's own ranges would have to win over the local route, which here always wins. */
function refuseLocal(vpc: readonly string[], { destination, target }: RouteEntry): void {
  if (!destination.includes('/') || !vpc.some((range) => isRangeWithin(destination, range))) return;
  if (target.kind === 'interface') {
    throw apiError('UnsupportedOperation', {
      message: `Routes inside the ranges of a VPC, such as ${destination}, are not supported on this platform: the local route always wins`,
    });
  }
  throw apiError('InvalidParameterValue', {
    message: `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
  });
}

/** Networks here have no IPv6: a route to such a list would do nothing. */
function refuseIpv6List({ id, addressFamily }: PrefixList): void {
  if (addressFamily !== 'IPv6') return;
  throw apiError('UnsupportedOperation', {
    message: `Routes to the IPv6 prefix list ${id} are not supported on this platform, whose networks have IPv4 only; use a list of IPv4 ranges`,
  });
}

/** The route that CreateRoute and ReplaceRoute ask for, checked against the table's VPC. */
export async function requestedRoute(
  reader: MetadataReader,
  scope: Scope,
  { table, request }: { table: RouteTable; request: RouteRequest },
): Promise<RouteEntry> {
  refuseUnserved(request, unserved);
  const destination = await requestedDestination(reader, scope, request, refuseIpv6List);
  const target = await requestedTarget(reader, scope, { table, request });
  const vpc = await ownedById(reader, scope, 'vpc', table.vpcId);
  refuseLocal(vpcCidrs(vpc), { destination, target });
  return { destination, target };
}
