import type * as Ec2 from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';
import {
  bootMode,
  currentBootMode,
  findInstanceType,
  type Instance,
  type InstanceState,
  type NetworkInterface,
  privateDnsName,
  publicName,
  type SecurityGroup,
  virtualizationType,
  zoneId,
} from '@bakehouse/domain';
import { cpuOptionsView } from '../launch/cpu-options.ts';
import { shownDefaults } from '../launch/launch-defaults.ts';
import { tagsIfAny } from '../request/tags.ts';
import {
  type InstanceFacts,
  interfaceStatus,
  shownMonitoring,
  shownNic,
  shownOptionsState,
  shownStateReason,
  shownVolumes,
  stateCodes,
} from './instance-facts.ts';
import { unmanaged } from './operator.ts';
import { isWindows, usageOperation, windows } from './platform.ts';
import { wholeSecond } from './time.ts';

type ReservationView = NonNullable<Ec2.Ec2Output<'DescribeInstances'>['Reservations']>[number];
export type InstanceView = NonNullable<ReservationView['Instances']>[number];

export const stateView = (state: InstanceState) => ({ Code: stateCodes[state], Name: state });

/** The security groups of an instance or a network interface. */
export const groupViews = (groups: readonly SecurityGroup[]) =>
  groups.map(({ id, name }) => ({ GroupId: id, GroupName: name }));

function nicView(facts: InstanceFacts, nic: NetworkInterface) {
  const privateName = privateDnsName(nic.privateIp, nic.region);
  const association = nic.publicIp
    ? {
        Association: {
          IpOwnerId: 'amazon',
          PublicDnsName: publicName(nic),
          PublicIp: nic.publicIp,
        },
      }
    : {};
  return {
    ...association,
    Attachment: {
      AttachTime: wholeSecond(nic.attachment?.attachedAt ?? nic.createdAt),
      AttachmentId: nic.attachment?.id,
      DeleteOnTermination: nic.attachment?.deleteOnTermination,
      DeviceIndex: 0,
      Status: interfaceStatus(facts.instance),
      NetworkCardIndex: 0,
    },
    Description: nic.description,
    Groups: groupViews(facts.groups),
    Ipv6Addresses: [],
    MacAddress: nic.macAddress,
    NetworkInterfaceId: nic.id,
    OwnerId: nic.ownerId,
    PrivateDnsName: privateName,
    PrivateIpAddress: nic.privateIp,
    PrivateIpAddresses: [
      {
        ...association,
        Primary: true,
        PrivateDnsName: privateName,
        PrivateIpAddress: nic.privateIp,
      },
    ],
    SourceDestCheck: nic.sourceDestCheck,
    Status: 'in-use' as const,
    SubnetId: nic.subnetId,
    VpcId: nic.vpcId,
    InterfaceType: 'interface',
    Operator: unmanaged,
  };
}

const networkView = (facts: InstanceFacts, nic: NetworkInterface): Partial<InstanceView> => ({
  PrivateDnsName: privateDnsName(nic.privateIp, nic.region),
  PrivateIpAddress: nic.privateIp,
  PublicDnsName: publicName(nic),
  ...(nic.publicIp ? { PublicIpAddress: nic.publicIp } : {}),
  SubnetId: nic.subnetId,
  VpcId: nic.vpcId,
  SourceDestCheck: nic.sourceDestCheck,
  NetworkInterfaces: [nicView(facts, nic)],
  SecurityGroups: groupViews(facts.groups),
});

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

function isOf(facts: InstanceFacts, { nic, groups, attachmentStates }: InstanceFacts): boolean {
  return (
    facts.nic === nic &&
    facts.attachmentStates?.join() === attachmentStates?.join() &&
    facts.groups.length === groups.length &&
    facts.groups.every((group, index) => group === groups[index])
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
  const nic = shownNic(facts);
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
    ...(nic ? networkView(facts, nic) : {}),
  };
}
