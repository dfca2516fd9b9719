import type * as Ec2 from '@bakehouse/aws-model';
import {
  type MetadataReader,
  type NetworkInterface,
  type SecurityGroup,
  zoneId,
} from '@bakehouse/domain';
import { privateDnsName } from '../network/host-names.ts';
import { tagsView } from '../tag-specification.ts';
import { publicName } from './instance.ts';

export type NetworkInterfaceView = NonNullable<
  Ec2.Ec2Output<'DescribeNetworkInterfaces'>['NetworkInterfaces']
>[number];

/** A network interface with the groups that it is in. */
export interface NetworkInterfaceFacts {
  readonly nic: NetworkInterface;
  readonly groups: readonly SecurityGroup[];
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
  return { nic, groups };
}

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

function attachmentView({
  attachment,
  ownerId,
}: NetworkInterface): Pick<NetworkInterfaceView, 'Attachment'> {
  if (!attachment) return {};
  return {
    Attachment: {
      AttachTime: new Date(attachment.attachedAt),
      AttachmentId: attachment.id,
      DeleteOnTermination: attachment.deleteOnTermination,
      DeviceIndex: attachment.deviceIndex,
      NetworkCardIndex: 0,
      InstanceId: attachment.instanceId,
      InstanceOwnerId: ownerId,
      Status: 'attached',
    },
  };
}

/** The official shape of a network interface. */
export function networkInterfaceView({ nic, groups }: NetworkInterfaceFacts): NetworkInterfaceView {
  const association = associationView(nic);
  const privateName = privateDnsName(nic.privateIp, nic.region);
  return {
    ...association,
    ...attachmentView(nic),
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
    Operator: { Managed: false },
  };
}
