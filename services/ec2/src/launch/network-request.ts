import { type AskedAddresses, apiError, type RegionName, type ZoneName } from '@bakehouse/domain';
import { askedAddresses } from '../network/asked-addresses.ts';
import { findZone } from '../network/find-zone.ts';
import { checkInterfaceType } from '../network/interface-type.ts';
import { refuseUnserved, unknownZone } from '../request/refusals.ts';
import { checkDescription } from '../request/text.ts';
import { interfaceDefaults } from './launch-defaults.ts';
import { type LaunchParameters, refuseSharedPlaces } from './launch-parameters.ts';

type NicParameters = NonNullable<LaunchParameters['NetworkInterfaces']>[number];

/** An interface that the launch makes. */
export interface NewInterfaceRequest {
  readonly kind: 'new';
  readonly deviceIndex: number;
  readonly subnetId?: string | undefined;
  readonly groupIds?: readonly string[] | undefined;
  readonly groupNames?: readonly string[] | undefined;
  readonly asked: AskedAddresses;
  readonly publicIp?: boolean | undefined;
  readonly description?: string | undefined;
  readonly deleteOnTermination: boolean;
}

/** An interface that exists. */
interface ExistingInterfaceRequest {
  readonly kind: 'existing';
  readonly deviceIndex: number;
  readonly nicId: string;
}

export type InterfaceRequest = NewInterfaceRequest | ExistingInterfaceRequest;

/** The instance's place on the network, from either form of the request. */
export interface NetworkRequest {
  readonly zone?: ZoneName | undefined;
  /** By device index; the first has 0. */
  readonly interfaces: readonly [InterfaceRequest, ...InterfaceRequest[]];
}

const combination = (message: string) => apiError('InvalidParameterCombination', { message });

/** The requested zone of the region, by name or by id. */
function launchZone(region: RegionName, { Placement: placement }: LaunchParameters) {
  const { AvailabilityZone: name, AvailabilityZoneId: id } = placement ?? {};
  const zone = findZone(region, { name, id });
  if (zone || (!name && !id)) return zone;
  if (name) throw unknownZone(name);
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
] as const satisfies readonly (keyof NicParameters)[];

function refuseNicParts(nic: NicParameters): void {
  refuseUnserved(nic, unservedNic, interfaceDefaults);
  checkDescription(nic.Description);
  checkInterfaceType(nic.InterfaceType);
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

/** What only a new interface has, in words. */
const ofNewNic: readonly [words: string, isGiven: (nic: NicParameters) => boolean][] = [
  ['a subnet ID', ({ SubnetId }) => Boolean(SubnetId)],
  ['security groups', ({ Groups }) => Boolean(Groups?.length)],
  ['a description', ({ Description }) => Boolean(Description)],
  [
    'private IP addresses',
    (nic) =>
      Boolean(
        nic.PrivateIpAddress ||
          nic.PrivateIpAddresses?.length ||
          nic.SecondaryPrivateIpAddressCount,
      ),
  ],
  ['associatePublicIPAddress', (nic) => nic.AssociatePublicIpAddress === true],
  ['delete on termination as true', ({ DeleteOnTermination }) => DeleteOnTermination === true],
];

function existingInterface(nic: NicParameters, nicId: string): ExistingInterfaceRequest {
  const found = ofNewNic.find(([, isGiven]) => isGiven(nic));
  if (found) {
    throw combination(
      `A network interface may not specify both a network interface ID and ${found[0]}`,
    );
  }
  return { kind: 'existing', deviceIndex: nic.DeviceIndex ?? 0, nicId };
}

function interfaceRequest(nic: NicParameters): InterfaceRequest {
  refuseNicParts(nic);
  if (nic.NetworkInterfaceId) return existingInterface(nic, nic.NetworkInterfaceId);
  const deviceIndex = nic.DeviceIndex ?? 0;
  return {
    kind: 'new',
    deviceIndex,
    subnetId: nic.SubnetId,
    groupIds: nic.Groups,
    asked: askedAddresses(nic),
    publicIp: nic.AssociatePublicIpAddress,
    description: nic.Description,
    deleteOnTermination: nic.DeleteOnTermination ?? true,
  };
}

/** The instance's own parameters, where it names no interface. */
function instanceInterface(request: LaunchParameters): InterfaceRequest {
  const { SubnetId, SecurityGroupIds, SecurityGroups, PrivateIpAddress } = request;
  return {
    kind: 'new',
    deviceIndex: 0,
    subnetId: SubnetId,
    groupIds: SecurityGroupIds,
    groupNames: SecurityGroups,
    asked: askedAddresses({ PrivateIpAddress }),
    deleteOnTermination: true,
  };
}

const isPublic = (each: InterfaceRequest) => each.kind === 'new' && each.publicIp === true;

/** Reads both forms: parameters of the instance, or network interfaces. */
export function networkRequest(region: RegionName, request: LaunchParameters): NetworkRequest {
  const nics = request.NetworkInterfaces ?? [];
  refuseSharedPlaces(nics);
  const zone = launchZone(region, request);
  if (nics.length === 0) return { zone, interfaces: [instanceInterface(request)] };
  refuseBesidesNic(request);
  const requests = nics.map(interfaceRequest);
  const [primary, ...others] = requests.toSorted((a, b) => a.deviceIndex - b.deviceIndex);
  if (primary?.deviceIndex !== 0) {
    throw apiError('InvalidParameterValue', {
      message: 'A network interface with the device index 0 is required.',
    });
  }
  if (others.length > 0 && requests.some(isPublic)) {
    throw combination(
      'The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.',
    );
  }
  return { zone, interfaces: [primary, ...others] };
}
