import type * as Ec2 from '@bakehouse/aws-model';
import {
  type Instance,
  type MetadataReader,
  type NetworkInterface,
  privateDnsName,
  zoneId,
} from '@bakehouse/domain';
import { readById } from '../lookup/read-by-id.ts';
import { tagsView } from '../request/tags.ts';
import {
  associationView,
  type InterfaceFacts,
  interfaceStatus,
  type NamedAddress,
  privateIpViews,
  readInterfaceFacts,
  shownFacts,
} from './interface-facts.ts';
import { unmanaged } from './operator.ts';
import { wholeSecond } from './time.ts';

export type NetworkInterfaceView = NonNullable<
  Ec2.Ec2Output<'DescribeNetworkInterfaces'>['NetworkInterfaces']
>[number];

/** A network interface and the instance that it is attached to. */
export interface NetworkInterfaceFacts extends InterfaceFacts {
  readonly instance?: Instance;
}

/** As `readInterfaceFacts`, with their instances. */
async function readFacts(
  reader: MetadataReader,
  nics: readonly NetworkInterface[],
): Promise<(nic: NetworkInterface) => NetworkInterfaceFacts> {
  const ids = nics.flatMap(({ attachment }) => attachment?.instanceId ?? []);
  const instances = await readById(reader, 'instance', ids);
  const factsOf = await readInterfaceFacts(reader, nics);
  return (nic) => {
    const instance = instances.get(nic.attachment?.instanceId ?? '');
    return instance ? { ...factsOf(nic), instance } : factsOf(nic);
  };
}

export const readNetworkInterfaceFacts = async (
  reader: MetadataReader,
  nic: NetworkInterface,
): Promise<NetworkInterfaceFacts> => (await readFacts(reader, [nic]))(nic);

/** One entry for each interface, in order. */
export const readManyInterfaces = async (
  reader: MetadataReader,
  nics: readonly NetworkInterface[],
): Promise<readonly NetworkInterfaceFacts[]> => nics.map(await readFacts(reader, nics));

/** The interface as it is shown: without its public addresses during a launch. */
export const shownInterface = (facts: NetworkInterfaceFacts): NetworkInterfaceFacts => ({
  ...facts,
  ...shownFacts(facts, facts.instance),
});

/** The status of the attachment; undefined when the interface is not attached. */
export const attachmentStatus = ({ nic, instance }: NetworkInterfaceFacts) =>
  interfaceStatus(nic, instance);

/** With the ids of an Elastic IP address. */
function elasticView(address: NamedAddress | undefined): Pick<NetworkInterfaceView, 'Association'> {
  const { Association: association } = associationView(address);
  const { elastic } = address ?? {};
  if (!association) return {};
  if (!elastic?.association) return { Association: association };
  const ids = { AllocationId: elastic.id, AssociationId: elastic.association.id };
  return { Association: { ...association, ...ids } };
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

/** A NAT gateway's interface is managed for its account by the platform. */
export const isManaged = ({ kind }: NetworkInterface) => kind === 'nat_gateway';

/** The official shape of a network interface. */
export function networkInterfaceView(facts: NetworkInterfaceFacts): NetworkInterfaceView {
  const shown = shownInterface(facts);
  const { nic, groups, addresses } = shown;
  const [primary] = addresses;
  return {
    ...elasticView(primary),
    ...attachmentView(facts),
    AvailabilityZone: nic.zone,
    AvailabilityZoneId: zoneId(nic.zone),
    Description: nic.description,
    Groups: groups.map(({ id, name }) => ({ GroupId: id, GroupName: name })),
    InterfaceType: isManaged(nic) ? 'natGateway' : 'interface',
    Ipv6Addresses: [],
    MacAddress: nic.macAddress,
    NetworkInterfaceId: nic.id,
    OwnerId: nic.ownerId,
    PrivateDnsName: privateDnsName(nic.privateIp, nic.region),
    ...(primary?.publicName ? { PublicDnsName: primary.publicName } : {}),
    PrivateIpAddress: nic.privateIp,
    PrivateIpAddresses: privateIpViews(shown, elasticView),
    RequesterManaged: isManaged(nic),
    SourceDestCheck: nic.sourceDestCheck,
    Status: nic.status,
    SubnetId: nic.subnetId,
    TagSet: tagsView(nic.tags),
    VpcId: nic.vpcId,
    Operator: unmanaged,
  };
}
