import type * as Ec2 from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';
import {
  bootMode,
  currentBootMode,
  findInstanceType,
  type Instance,
  type InstanceState,
  privateDnsName,
  type SecurityGroup,
  virtualizationType,
  zoneId,
} from '@bakehouse/domain';
import { cpuOptionsView } from '../launch/cpu-options.ts';
import { shownDefaults } from '../launch/launch-defaults.ts';
import { tagsIfAny } from '../request/tags.ts';
import {
  type InstanceFacts,
  shownInterfaces,
  shownMonitoring,
  shownOptionsState,
  shownStateReason,
  shownVolumes,
  stateCodes,
} from './instance-facts.ts';
import {
  associationView,
  type InterfaceFacts,
  interfaceStatus,
  type NamedAddress,
  privateIpViews,
} from './interface-facts.ts';
import { unmanaged } from './operator.ts';
import { isWindows, usageOperation, windows } from './platform.ts';
import { wholeSecond } from './time.ts';

type ReservationView = NonNullable<Ec2.Ec2Output<'DescribeInstances'>['Reservations']>[number];
export type InstanceView = NonNullable<ReservationView['Instances']>[number];

export const stateView = (state: InstanceState) => ({ Code: stateCodes[state], Name: state });

/** The security groups of an instance or a network interface. */
export const groupViews = (groups: readonly SecurityGroup[]) =>
  groups.map(({ id, name }) => ({ GroupId: id, GroupName: name }));

function nicView(instance: Instance, facts: InterfaceFacts) {
  const { nic, groups, addresses } = facts;
  return {
    ...associationView(addresses[0]),
    Attachment: {
      AttachTime: wholeSecond(nic.attachment?.attachedAt ?? nic.createdAt),
      AttachmentId: nic.attachment?.id,
      DeleteOnTermination: nic.attachment?.deleteOnTermination,
      DeviceIndex: nic.attachment?.deviceIndex ?? 0,
      Status: interfaceStatus(nic, instance),
      NetworkCardIndex: 0,
    },
    Description: nic.description,
    Groups: groupViews(groups),
    Ipv6Addresses: [],
    MacAddress: nic.macAddress,
    NetworkInterfaceId: nic.id,
    OwnerId: nic.ownerId,
    PrivateDnsName: privateDnsName(nic.privateIp, nic.region),
    PrivateIpAddress: nic.privateIp,
    PrivateIpAddresses: privateIpViews(facts, associationView),
    SourceDestCheck: nic.sourceDestCheck,
    Status: 'in-use' as const,
    SubnetId: nic.subnetId,
    VpcId: nic.vpcId,
    InterfaceType: 'interface',
    Operator: unmanaged,
  };
}

function networkView(facts: InstanceFacts): Partial<InstanceView> {
  const [primary, ...others] = shownInterfaces(facts);
  if (!primary) return {};
  const { nic, groups, addresses } = primary;
  const publicIp = addresses[0]?.publicIp;
  return {
    PrivateDnsName: privateDnsName(nic.privateIp, nic.region),
    PrivateIpAddress: nic.privateIp,
    PublicDnsName: addresses[0]?.publicName ?? '',
    ...(publicIp ? { PublicIpAddress: publicIp } : {}),
    SubnetId: nic.subnetId,
    VpcId: nic.vpcId,
    SourceDestCheck: nic.sourceDestCheck,
    NetworkInterfaces: [primary, ...others].map((each) => nicView(facts.instance, each)),
    SecurityGroups: groupViews(groups),
  };
}

/** The metadata options in a reply. */
export function metadataOptionsView(instance: Instance) {
  const { metadataOptions: options } = instance;
  return {
    State: shownOptionsState(instance),
    HttpTokens: options.httpTokens,
    HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
    HttpEndpoint: options.httpEndpoint,
    HttpProtocolIpv6: options.httpProtocolIpv6,
    InstanceMetadataTags: options.instanceMetadataTags,
  };
}

/** The cores and threads that the machine has. */
export function instanceCpuOptions({ instanceType, cpuOptions }: Instance) {
  const type = findInstanceType(instanceType);
  invariant(type, `instance type ${instanceType} is known`);
  return cpuOptionsView(type, cpuOptions);
}

const made = new WeakMap<Instance, InstanceFacts & { readonly view: InstanceView }>();

const isSameAddress = (a: NamedAddress, b: NamedAddress | undefined) =>
  a.elastic === b?.elastic && a.publicName === b?.publicName;

/** Whether the view of these interfaces is that of those. */
function isSameInterface(a: InterfaceFacts, b: InterfaceFacts | undefined): boolean {
  return (
    a.nic === b?.nic &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index]) &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, index) => isSameAddress(address, b.addresses[index]))
  );
}

function isOf(facts: InstanceFacts, { interfaces, attachmentStates }: InstanceFacts): boolean {
  return (
    facts.attachmentStates?.join() === attachmentStates?.join() &&
    facts.interfaces.length === interfaces.length &&
    facts.interfaces.every((each, index) => isSameInterface(each, interfaces[index]))
  );
}

/**
 * The official shape of an instance. Frozen records never change, so the view of the same records is made once, and
 * as it is frozen, too, its XML is written once.
 */
export function instanceView(facts: InstanceFacts): InstanceView {
  const before = made.get(facts.instance);
  if (before && isOf(before, facts)) return before.view;
  const view = Object.freeze(makeView(facts));
  if (Object.isFrozen(facts.instance)) made.set(facts.instance, { ...facts, view });
  return view;
}

const autoRecoveryOf = ({ autoRecovery }: Instance) =>
  autoRecovery ? { AutoRecovery: autoRecovery } : {};

function placementView({ zone }: Instance) {
  const id = zoneId(zone);
  return {
    AvailabilityZone: zone,
    ...(id === undefined ? {} : { AvailabilityZoneId: id }),
    GroupName: '',
    Tenancy: 'default' as const,
  };
}

function makeView(facts: InstanceFacts): InstanceView {
  const { instance } = facts;
  const { root, boot } = instance;
  const mode = bootMode(instance);
  const stateReason = shownStateReason(instance);
  return {
    AmiLaunchIndex: instance.launchIndex,
    ImageId: instance.imageId,
    InstanceId: instance.id,
    InstanceType: instance.instanceType as InstanceView['InstanceType'],
    ...(instance.keyName ? { KeyName: instance.keyName } : {}),
    LaunchTime: wholeSecond(instance.launchedAt),
    Monitoring: { State: shownMonitoring(instance) },
    Placement: placementView(instance),
    PrivateDnsName: '',
    PublicDnsName: '',
    ProductCodes: [],
    State: stateView(instance.state),
    StateTransitionReason: instance.stateTransitionReason,
    ...(stateReason
      ? { StateReason: { Code: stateReason.code, Message: stateReason.message } }
      : {}),
    Architecture: instance.architecture,
    BlockDeviceMappings: shownVolumes(facts).map((volume) => ({
      DeviceName: volume.deviceName,
      Ebs: {
        AttachTime: wholeSecond(volume.attachedAt),
        DeleteOnTermination: volume.deleteOnTermination,
        Status: volume.status,
        VolumeId: volume.volumeId,
        EbsCardIndex: 0,
      },
    })),
    ClientToken: instance.clientToken ?? '',
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: instance.enaSupport,
    ...(instance.sriovNetSupport ? { SriovNetSupport: instance.sriovNetSupport } : {}),
    ...(boot.kernelId ? { KernelId: boot.kernelId } : {}),
    ...(boot.ramdiskId ? { RamdiskId: boot.ramdiskId } : {}),
    Hypervisor: 'xen',
    NetworkInterfaces: [],
    RootDeviceName: root.deviceName,
    RootDeviceType: root.kind,
    SecurityGroups: [],
    ...tagsIfAny(instance.tags),
    VirtualizationType: virtualizationType(instance),
    MetadataOptions: metadataOptionsView(instance),
    PlatformDetails: instance.platformDetails,
    UsageOperation: usageOperation(instance),
    UsageOperationUpdateTime: wholeSecond(instance.createdAt),
    ...(mode ? { BootMode: mode } : {}),
    CurrentInstanceBootMode: currentBootMode(instance),
    ...(isWindows(instance) ? { Platform: windows } : {}),
    ...shownDefaults,
    Operator: unmanaged,
    SecondaryInterfaces: [],
    MaintenanceOptions: { ...shownDefaults.MaintenanceOptions, ...autoRecoveryOf(instance) },
    CpuOptions: instanceCpuOptions(instance),
    ...networkView(facts),
  };
}
