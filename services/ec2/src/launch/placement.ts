import {
  apiError,
  checkAddressCount,
  checkInterfaceCount,
  freeAddressCount,
  type InstanceType,
  type LaunchInterface,
  type MetadataReader,
  type NetworkInterface,
  type Placement,
  privateIpsOf,
  refuseElsewhere,
  type SecurityGroup,
  type Subnet,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { notFound, ownedById } from '../lookup/lookups.ts';
import { checkAskedAddresses, namedAddresses } from '../network/asked-addresses.ts';
import { checkGroupCount, findDefaultVpc, groupsOfVpc } from '../network/groups.ts';
import { refuseManagedInterface } from '../network/managed-interface.ts';
import type { InterfaceRequest, NetworkRequest, NewInterfaceRequest } from './network-request.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

const combination = (message: string) => apiError('InvalidParameterCombination', { message });

/**
 * Without a subnet or zone, the platform chooses: the first zone whose default subnet has room for all instances,
 * or else the one with the most.
 */
async function roomiest(
  reader: MetadataReader,
  subnets: readonly Subnet[],
  count: number,
): Promise<Subnet | undefined> {
  let best: { subnet: Subnet; free: number } | undefined;
  for (const subnet of subnets.toSorted((a, b) => (a.zone < b.zone ? -1 : 1))) {
    const free = await freeAddressCount(reader, subnet);
    if (free >= count) return subnet;
    if (best === undefined || free > best.free) best = { subnet, free };
  }
  return best?.subnet;
}

interface SubnetRequest {
  readonly subnetId: string | undefined;
  readonly zone: string | undefined;
  readonly count: number;
}

async function subnetFor(
  reader: MetadataReader,
  scope: Scope,
  { subnetId, zone, count }: SubnetRequest,
): Promise<Subnet> {
  if (subnetId) {
    const subnet = await ownedById(reader, scope, 'subnet', subnetId);
    if (zone === undefined || subnet.zone === zone) return subnet;
    throw combination(`The subnet '${subnetId}' is in ${subnet.zone}, not in ${zone}`);
  }
  return await defaultSubnet(reader, scope, { zone, count });
}

/** A default subnet of the default VPC. Throws EC2's error when the account has none in the region, or in the zone. */
async function defaultSubnet(
  reader: MetadataReader,
  scope: Scope,
  { zone, count }: { zone: string | undefined; count: number },
): Promise<Subnet> {
  const vpc = await findDefaultVpc(reader, scope);
  if (!vpc) throw apiError('VPCIdNotSpecified', { launch: true });
  const subnets = await reader.list('subnet', { where: { vpc: [vpc.id] } });
  const defaults = subnets.filter((subnet) => subnet.defaultForZone);
  const chosen = zone
    ? defaults.find((subnet) => subnet.zone === zone)
    : await roomiest(reader, defaults, count);
  if (chosen) return chosen;
  throw apiError('MissingInput', {
    message: zone
      ? `No default subnet for availability zone: '${zone}'.`
      : `No subnets found for the default VPC '${vpc.id}'. Please specify a subnet.`,
  });
}

async function groupsFor(
  reader: MetadataReader,
  scope: Scope,
  { subnet, request }: { subnet: Subnet; request: NewInterfaceRequest },
): Promise<readonly SecurityGroup[]> {
  const { groupIds = [], groupNames = [] } = request;
  const where = { owner: [scope.accountId], vpc: [subnet.vpcId] };
  const inVpc = await reader.list('securityGroup', { region: scope.region, where });
  if (groupIds.length === 0 && groupNames.length === 0) {
    return inVpc.filter((group) => group.name === 'default');
  }
  const { vpcId } = subnet;
  const other = `subnet ${subnet.id}`;
  const groups = [...(await groupsOfVpc(reader, scope, { ids: groupIds, vpcId, other }))];
  for (const name of new Set(groupNames)) {
    const group = inVpc.find((each) => each.name === name);
    if (!group) throw notFound('securityGroup', name);
    if (!groups.includes(group)) groups.push(group);
  }
  return groups;
}

/** What all interfaces of a launch share. */
interface LaunchScope {
  readonly context: OperationContext;
  readonly zone: string | undefined;
  /** How many instances are launched at most. */
  readonly count: number;
  readonly type: InstanceType;
  /** Addresses that interfaces before this one are given by name. */
  readonly except: ReadonlySet<string>;
}

async function newInterface(
  reader: MetadataReader,
  request: NewInterfaceRequest,
  { context, zone, count, type, except }: LaunchScope,
): Promise<LaunchInterface> {
  const { deviceIndex, subnetId, asked, description = '', deleteOnTermination } = request;
  const subnet = await subnetFor(reader, context, { subnetId, zone, count });
  const groups = await groupsFor(reader, context, { subnet, request });
  checkGroupCount(groups);
  if (count > 1 && namedAddresses(asked).length > 0) {
    throw combination('A private address can be given to one instance only');
  }
  await checkAskedAddresses(reader, { subnet, asked, type, except });
  return { kind: 'new', deviceIndex, subnet, groups, asked, description, deleteOnTermination };
}

function checkExisting(nic: NetworkInterface, { context, zone, count }: LaunchScope): void {
  refuseManagedInterface(nic);
  refuseElsewhere(nic, context.settings.hostId);
  if (nic.attachment) throw apiError('InvalidNetworkInterface.InUse', { id: nic.id });
  if (count > 1) throw combination('A network interface can be given to one instance only');
  if (zone === undefined || nic.zone === zone) return;
  throw combination(`The network interface '${nic.id}' is in ${nic.zone}, not in ${zone}`);
}

async function launchInterface(
  reader: MetadataReader,
  request: InterfaceRequest,
  scope: LaunchScope,
): Promise<LaunchInterface> {
  if (request.kind === 'new') return await newInterface(reader, request, scope);
  const { context, type } = scope;
  const nic = await ownedById(reader, context, 'networkInterface', request.nicId);
  checkExisting(nic, scope);
  checkAddressCount(type, privateIpsOf(nic).length);
  const subnet = await ownedById(reader, context, 'subnet', nic.subnetId);
  return { kind: 'existing', deviceIndex: request.deviceIndex, subnet, nic };
}

/** A machine is in one VPC, and in one zone. */
function checkTogether(primary: Subnet, { subnet }: LaunchInterface): void {
  if (subnet.zone !== primary.zone) {
    throw combination(
      'The network interfaces of an instance must be in the same availability zone',
    );
  }
  if (subnet.vpcId === primary.vpcId) return;
  throw combination('The network interfaces of an instance must be in the same VPC');
}

export interface PlacementRequest {
  readonly request: NetworkRequest;
  readonly count: number;
  readonly type: InstanceType;
}

/** Subnets, groups and addresses of a launch, each checked. */
export async function placementFor(
  reader: MetadataReader,
  context: OperationContext,
  { request, count, type }: PlacementRequest,
): Promise<Placement> {
  const [first, ...further] = request.interfaces;
  checkInterfaceCount(type, request.interfaces.length);
  const except = new Set<string>();
  const scope = { context, count, type, except };
  const primary = await launchInterface(reader, first, { ...scope, zone: request.zone });
  const { subnet } = primary;
  const others: LaunchInterface[] = [];
  for (const each of further) {
    const before = others.at(-1) ?? primary;
    if (before.kind === 'new') for (const ip of namedAddresses(before.asked)) except.add(ip);
    const other = await launchInterface(reader, each, { ...scope, zone: subnet.zone });
    checkTogether(subnet, other);
    if (others.some((known) => isSameNic(known, other)) || isSameNic(primary, other)) {
      throw apiError('InvalidParameterValue', {
        message: 'The same network interface must not be specified multiple times.',
      });
    }
    others.push(other);
  }
  const vpc = await ownedById(reader, context, 'vpc', subnet.vpcId);
  const interfaces = [primary, ...others] as const;
  return { vpc, subnet, interfaces, publicIp: givesPublicIp(request, interfaces) };
}

const isSameNic = (a: LaunchInterface, b: LaunchInterface) =>
  a.kind === 'existing' && b.kind === 'existing' && a.nic.id === b.nic.id;

/** Only a single, new interface is given an automatic public address, as in EC2. */
function givesPublicIp(
  { interfaces: [first, second] }: NetworkRequest,
  [primary]: readonly [LaunchInterface, ...LaunchInterface[]],
): boolean {
  if (second || first.kind === 'existing') return false;
  return first.publicIp ?? primary.subnet.mapPublicIpOnLaunch;
}
