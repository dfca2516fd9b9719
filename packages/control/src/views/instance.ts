import type * as Ec2 from '@bakehouse/aws-model';
import {
  type AttachmentState,
  findInstanceType,
  type Instance,
  type InstanceState,
  type NetworkInterface,
  type SecurityGroup,
} from '@bakehouse/domain';
import { privateDnsName } from '../network/host-names.ts';
import { tagsView } from '../tag-specification.ts';

type ReservationView = NonNullable<Ec2.Ec2Output<'DescribeInstances'>['Reservations']>[number];
export type InstanceView = NonNullable<ReservationView['Instances']>[number];

/** EC2's numbers for states; the low byte counts ("InstanceState"). */
export const stateCodes: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export const stateView = (state: InstanceState) => ({ Code: stateCodes[state], Name: state });

export interface InstanceFacts {
  readonly instance: Instance;
  /** Absent once terminated. */
  readonly nic?: NetworkInterface;
  readonly groups: readonly SecurityGroup[];
  /** By the order of the instance's volumes; absent when all are attached. */
  readonly attachmentStates?: readonly AttachmentState[];
}

/** As an instance shows a volume's state: that the guest holds on to it is told of the volume alone. */
export function attachmentStatuses({ instance, attachmentStates }: InstanceFacts) {
  return instance.volumes.map((_, index) => {
    const state = attachmentStates?.[index] ?? 'attached';
    return state === 'busy' ? 'detaching' : state;
  });
}

/** Groups as answers show them beside an instance. */
export const groupViews = (groups: readonly SecurityGroup[]) =>
  groups.map(({ id, name }) => ({ GroupId: id, GroupName: name }));

/**
 * EC2's public names (`ec2-….amazonaws.com`) resolve nowhere here. Clients that connect to the name get the
 * address's own text, which every resolver takes.
 */
export const publicName = (nic: NetworkInterface) => nic.publicIp ?? '';

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
      AttachTime: new Date(nic.attachment?.attachedAt ?? nic.createdAt),
      AttachmentId: nic.attachment?.id,
      DeleteOnTermination: nic.attachment?.deleteOnTermination,
      DeviceIndex: 0,
      Status: 'attached' as const,
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

/** The options as answers show them. */
export function metadataOptionsView({ metadataOptions: options }: Instance) {
  return {
    State: options.state,
    HttpTokens: options.httpTokens,
    HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
    HttpEndpoint: options.httpEndpoint,
    HttpProtocolIpv6: options.httpProtocolIpv6,
    InstanceMetadataTags: options.instanceMetadataTags,
  };
}

/** Each virtual CPU is a core of one thread, as the machine is built. */
function cpuOptionsView({ instanceType }: Instance) {
  return { CoreCount: findInstanceType(instanceType)?.vcpus ?? 1, ThreadsPerCore: 1 };
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
 * The official shape of an instance. Records never change, so the same ones give the same view, which is
 * frozen and, however often it is asked for, made and written out once.
 */
export function instanceView(facts: InstanceFacts): InstanceView {
  const before = made.get(facts.instance);
  if (before && isOf(before, facts)) return before.view;
  const view = Object.freeze(makeView(facts));
  if (Object.isFrozen(facts.instance)) made.set(facts.instance, { ...facts, view });
  return view;
}

function makeView(facts: InstanceFacts): InstanceView {
  const { instance, nic } = facts;
  const statuses = attachmentStatuses(facts);
  return {
    AmiLaunchIndex: instance.launchIndex,
    ImageId: instance.imageId,
    InstanceId: instance.id,
    InstanceType: instance.instanceType as InstanceView['InstanceType'],
    ...(instance.keyName ? { KeyName: instance.keyName } : {}),
    LaunchTime: new Date(instance.launchedAt),
    Monitoring: { State: instance.monitoring },
    Placement: { AvailabilityZone: instance.zone, GroupName: '', Tenancy: 'default' },
    PrivateDnsName: '',
    PublicDnsName: '',
    ProductCodes: [],
    State: stateView(instance.state),
    StateTransitionReason: instance.stateTransitionReason,
    ...(instance.stateReason
      ? { StateReason: { Code: instance.stateReason.code, Message: instance.stateReason.message } }
      : {}),
    Architecture: instance.architecture,
    BlockDeviceMappings: instance.volumes.map((volume, index) => ({
      DeviceName: volume.deviceName,
      Ebs: {
        AttachTime: new Date(volume.attachedAt),
        DeleteOnTermination: volume.deleteOnTermination,
        Status: statuses[index],
        VolumeId: volume.volumeId,
      },
    })),
    ClientToken: instance.clientToken ?? '',
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: instance.enaSupport,
    ...(instance.sriovNetSupport ? { SriovNetSupport: instance.sriovNetSupport } : {}),
    ...(instance.kernelId ? { KernelId: instance.kernelId } : {}),
    ...(instance.ramdiskId ? { RamdiskId: instance.ramdiskId } : {}),
    Hypervisor: 'xen',
    NetworkInterfaces: [],
    RootDeviceName: instance.rootDeviceName,
    RootDeviceType: instance.rootDeviceType,
    SecurityGroups: [],
    Tags: tagsView(instance.tags),
    VirtualizationType: instance.virtualizationType,
    MetadataOptions: metadataOptionsView(instance),
    PlatformDetails: instance.platformDetails,
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: new Date(instance.createdAt),
    CurrentInstanceBootMode: instance.bootMode,
    MaintenanceOptions: { AutoRecovery: instance.autoRecovery ?? 'default' },
    EnclaveOptions: { Enabled: false },
    HibernationOptions: { Configured: false },
    PrivateDnsNameOptions: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    CpuOptions: cpuOptionsView(instance),
    ...(nic ? networkView(facts, nic) : {}),
  };
}
