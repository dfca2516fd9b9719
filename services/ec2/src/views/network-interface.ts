import type * as Ec2 from '@bakehouse/aws-model';
import {
  type Instance,
  type MetadataReader,
  type NetworkInterface,
  privateDnsName,
  publicName,
  type SecurityGroup,
  zoneId,
} from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';
import { interfaceStatus, isLaunching, withoutPublicAddress } from './instance-facts.ts';
import { unmanaged } from './operator.ts';
import { wholeSecond } from './time.ts';

export type NetworkInterfaceView = NonNullable<
  Ec2.Ec2Output<'DescribeNetworkInterfaces'>['NetworkInterfaces']
>[number];

/** A network interface with the groups that it is in. */
export interface NetworkInterfaceFacts {
  readonly nic: NetworkInterface;
  readonly groups: readonly SecurityGroup[];
  /** The instance that the interface is attached to. */
  readonly instance?: Instance;
}

export async function readNetworkInterfaceFacts(
  reader: MetadataReader,
  nic: NetworkInterface,
): Promise<NetworkInterfaceFacts> {
  const groups: SecurityGroup[] = [];
  for (const groupId of nic.groupIds) {
    const group = await reader.get('securityGroup', groupId);
    if (group) groups.push(group);
  }
  const instance = nic.attachment && (await reader.get('instance', nic.attachment.instanceId));
  return { nic, groups, ...(instance ? { instance } : {}) };
}

/** The interface as it is shown: without its public address during a launch. */
export const shownInterface = ({ nic, instance }: NetworkInterfaceFacts): NetworkInterface =>
  instance && isLaunching(instance) ? withoutPublicAddress(nic) : nic;

/** The status of the attachment; undefined when the interface is not attached. */
export const attachmentStatus = ({ nic, instance }: NetworkInterfaceFacts) =>
  nic.attachment && (instance ? interfaceStatus(instance) : 'attached');

function associationView(nic: NetworkInterface): Pick<NetworkInterfaceView, 'Association'> {
  if (!nic.publicIp) return {};
  return {
    Association: {
      IpOwnerId: 'amazon',
      PublicDnsName: publicName(nic),
      PublicIp: nic.publicIp,
    },
  };
}

function attachmentView(facts: NetworkInterfaceFacts): Pick<NetworkInterfaceView, 'Attachment'> {
  const { attachment, ownerId } = facts.nic;
  if (!attachment) return {};
  return {
    Attachment: {
      AttachTime: wholeSecond(attachment.attachedAt),
      AttachmentId: attachment.id,
      DeleteOnTermination: attachment.deleteOnTermination,
      DeviceIndex: attachment.deviceIndex,
      NetworkCardIndex: 0,
      InstanceId: attachment.instanceId,
      InstanceOwnerId: ownerId,
      Status: attachmentStatus(facts),
    },
  };
}

/** The official shape of a network interface. */
export function networkInterfaceView(facts: NetworkInterfaceFacts): NetworkInterfaceView {
  const { groups } = facts;
  const nic = shownInterface(facts);
  const association = associationView(nic);
  const privateName = privateDnsName(nic.privateIp, nic.region);
  return {
    ...association,
    ...attachmentView(facts),
    AvailabilityZone: nic.zone,
    AvailabilityZoneId: zoneId(nic.zone),
    Description: nic.description,
    Groups: groups.map(({ id, name }) => ({ GroupId: id, GroupName: name })),
    InterfaceType: 'interface',
    Ipv6Addresses: [],
    MacAddress: nic.macAddress,
    NetworkInterfaceId: nic.id,
    OwnerId: nic.ownerId,
    PrivateDnsName: privateName,
    ...(nic.publicIp ? { PublicDnsName: publicName(nic) } : {}),
    PrivateIpAddress: nic.privateIp,
    PrivateIpAddresses: [
      {
        ...association,
        Primary: true,
        PrivateDnsName: privateName,
        PrivateIpAddress: nic.privateIp,
      },
    ],
    RequesterManaged: false,
    SourceDestCheck: nic.sourceDestCheck,
    Status: nic.status,
    SubnetId: nic.subnetId,
    TagSet: tagsView(nic.tags),
    VpcId: nic.vpcId,
    Operator: unmanaged,
  };
}
