import { isIPv4 } from 'node:net';
import {
  apiError,
  findRegion,
  freeAddressCount,
  isUsableAddress,
  type MetadataReader,
  type Placement,
  publicRegions,
  type SecurityGroup,
  type Subnet,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { notFound, ownedById } from '../lookup/lookups.ts';
import { checkGroupCount, findDefaultVpc, groupsOfVpc } from '../network/groups.ts';
import { refuseUnserved, unknownZone } from '../request/refusals.ts';
import { checkDescription, findWord } from '../request/text.ts';
import { interfaceDefaults } from './launch-defaults.ts';
import { type LaunchParameters, refuseSharedPlaces } from './launch-parameters.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** The instance's place on the network, from either form of the request. */
export interface NetworkRequest {
  readonly subnetId?: string | undefined;
  readonly zone?: string | undefined;
  readonly groupIds?: readonly string[] | undefined;
  readonly groupNames?: readonly string[] | undefined;
  readonly privateIp?: string | undefined;
  readonly publicIp?: boolean | undefined;
  readonly description?: string | undefined;
  readonly deleteOnTermination: boolean;
}

const combination = (message: string) => apiError('InvalidParameterCombination', { message });

/** The name of the requested zone, which may be given by id. */
function requestedZone({ Placement: placement }: LaunchParameters): string | undefined {
  const { AvailabilityZone: name, AvailabilityZoneId: id } = placement ?? {};
  if (!id) return name || undefined;
  if (name) throw combination('Only one of AvailabilityZone and AvailabilityZoneId can be given');
  const region = publicRegions.find((each) => each.zones.some((zone) => zone.id === id));
  const zone = region?.zones.find((each) => each.id === id);
  if (zone) return zone.name;
  throw apiError('InvalidParameterValue', { message: `Invalid availability zone id: [${id}]` });
}

/** Parameters of interfaces that this platform does not have. */
const unservedNic = [
  'AssociateCarrierIpAddress',
  'ConnectionTrackingSpecification',
  'EnaQueueCount',
  'EnaSrdSpecification',
  'Ipv4PrefixCount',
  'Ipv4Prefixes',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'Ipv6PrefixCount',
  'Ipv6Prefixes',
  'NetworkCardIndex',
  'PrimaryIpv6',
  'SecondaryPrivateIpAddressCount',
] as const satisfies readonly (keyof NonNullable<LaunchParameters['NetworkInterfaces']>[number])[];

function refuseNicParts(nic: NonNullable<LaunchParameters['NetworkInterfaces']>[number]): void {
  refuseUnserved(nic, unservedNic, interfaceDefaults);
  if (nic.InterfaceType !== undefined && !findWord(nic.InterfaceType, ['interface'])) {
    throw apiError('UnsupportedOperation', {
      message: `Network interfaces of type ${nic.InterfaceType} are not supported`,
    });
  }
  if ((nic.PrivateIpAddresses?.length ?? 0) <= 1) return;
  throw apiError('UnsupportedOperation', {
    message: 'Only one private address is supported per network interface',
  });
}

/** What a request gives to its network interface where it has one, in EC2's words and order. */
const besidesNic: readonly [words: string, isGiven: (request: LaunchParameters) => boolean][] = [
  ['subnet ID', ({ SubnetId }) => Boolean(SubnetId)],
  [
    'security groups',
    ({ SecurityGroupIds: ids, SecurityGroups: names }) => Boolean(ids?.length || names?.length),
  ],
  ['private IP address', ({ PrivateIpAddress }) => Boolean(PrivateIpAddress)],
];

function refuseBesidesNic(request: LaunchParameters): void {
  const found = besidesNic.find(([, isGiven]) => isGiven(request));
  if (!found) return;
  const message = `Network interfaces and an instance-level ${found[0]} may not be specified on the same request`;
  throw combination(message);
}

/** Reads both forms: parameters of the instance, or network interface 0. */
export function networkRequest(request: LaunchParameters): NetworkRequest {
  const nics = request.NetworkInterfaces ?? [];
  refuseSharedPlaces(nics);
  const [nic, ...others] = nics;
  const zone = requestedZone(request);
  if (!nic) {
    return {
      zone,
      subnetId: request.SubnetId,
      groupIds: request.SecurityGroupIds,
      groupNames: request.SecurityGroups,
      privateIp: request.PrivateIpAddress,
      deleteOnTermination: true,
    };
  }
  if (others.length > 0 || (nic.DeviceIndex ?? 0) !== 0 || nic.NetworkInterfaceId) {
    throw apiError('UnsupportedOperation', {
      message: 'Only one new network interface, with device index 0, is supported per instance',
    });
  }
  refuseNicParts(nic);
  checkDescription(nic.Description);
  refuseBesidesNic(request);
  return {
    zone,
    subnetId: nic.SubnetId,
    groupIds: nic.Groups,
    privateIp: nic.PrivateIpAddress ?? nic.PrivateIpAddresses?.[0]?.PrivateIpAddress,
    publicIp: nic.AssociatePublicIpAddress,
    description: nic.Description,
    deleteOnTermination: nic.DeleteOnTermination ?? true,
  };
}

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

async function subnetFor(
  reader: MetadataReader,
  scope: Scope,
  { request, count }: { request: NetworkRequest; count: number },
): Promise<Subnet> {
  const { subnetId, zone } = request;
  if (zone !== undefined && !findRegion(scope.region)?.zones.some((each) => each.name === zone)) {
    throw unknownZone(zone);
  }
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
  { subnet, request }: { subnet: Subnet; request: NetworkRequest },
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

async function checkPrivateIp(
  reader: MetadataReader,
  subnet: Subnet,
  privateIp: string,
): Promise<void> {
  if (!isIPv4(privateIp) || !isUsableAddress(privateIp, subnet.cidr)) {
    throw apiError('InvalidParameterValue', {
      message: `Address ${privateIp} does not fall within the subnet's address range ${subnet.cidr}, or is reserved`,
    });
  }
  const where = { privateIp: [`${subnet.vpcId}/${privateIp}`] };
  const users = await reader.list('networkInterface', { where });
  if (users.length === 0) return;
  throw apiError('InvalidIPAddress.InUse', { address: privateIp });
}

/** Subnet, groups and addresses of a launch, each checked. */
export async function placementFor(
  reader: MetadataReader,
  scope: Scope,
  { request, count }: { request: NetworkRequest; count: number },
): Promise<Placement> {
  const subnet = await subnetFor(reader, scope, { request, count });
  const vpc = await ownedById(reader, scope, 'vpc', subnet.vpcId);
  const groups = await groupsFor(reader, scope, { subnet, request });
  checkGroupCount(groups);
  const { privateIp } = request;
  if (privateIp) {
    if (count > 1) throw combination('A private address can be given to one instance only');
    await checkPrivateIp(reader, subnet, privateIp);
  }
  return {
    vpc,
    subnet,
    groups,
    ...(privateIp ? { privateIp } : {}),
    publicIp: request.publicIp ?? subnet.mapPublicIpOnLaunch,
    description: request.description ?? '',
    deleteOnTermination: request.deleteOnTermination,
  };
}
