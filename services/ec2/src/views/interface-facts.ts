import type * as Ec2 from '@bakehouse/aws-model';
import {
  type Instance,
  type InterfaceAddress,
  type MetadataReader,
  type NetworkInterface,
  privateDnsName,
  publicName,
  readAddressesOfMany,
  type SecurityGroup,
} from '@bakehouse/domain';
import { readById } from '../lookup/read-by-id.ts';

/** An address of an interface, with the public name that its VPC gives it: empty without one. */
export interface NamedAddress extends InterfaceAddress {
  readonly publicName: string;
}

/** A network interface with the records that its views and filters read. */
export interface InterfaceFacts {
  readonly nic: NetworkInterface;
  readonly groups: readonly SecurityGroup[];
  /** The primary one first. */
  readonly addresses: readonly NamedAddress[];
}

/** Reads for many interfaces with one look-up for each kind of record; what it returns has the facts of each of them. */
export async function readInterfaceFacts(
  reader: MetadataReader,
  nics: readonly NetworkInterface[],
): Promise<(nic: NetworkInterface) => InterfaceFacts> {
  const groupIds = nics.flatMap((nic) => nic.groupIds);
  const groups = await readById(reader, 'securityGroup', groupIds);
  const vpcIds = nics.map(({ vpcId }) => vpcId);
  const vpcs = await readById(reader, 'vpc', vpcIds);
  const addresses = await readAddressesOfMany(reader, nics);
  return (nic) => {
    const vpc = vpcs.get(nic.vpcId);
    return {
      nic,
      groups: nic.groupIds.flatMap((id) => groups.get(id) ?? []),
      addresses: (addresses.get(nic.id) ?? []).map((address) => ({
        ...address,
        publicName: vpc ? publicName(address, vpc) : '',
      })),
    };
  };
}

/**
 * True from RunInstances until the machine runs for the first time. EC2 shows such an instance without public address
 * and volumes; its interface is `attaching`, its metadata options and its monitoring are `pending`.
 */
export const isLaunching = ({ state, generation }: Instance): boolean =>
  state === 'pending' && generation === 1;

/** The interface as it is shown: without public addresses while its instance is launched. */
export function shownFacts(facts: InterfaceFacts, instance: Instance | undefined): InterfaceFacts {
  if (!instance || !isLaunching(instance)) return facts;
  const hidden = facts.addresses.map(({ privateIp }) => ({ privateIp, publicName: '' }));
  return { ...facts, addresses: hidden };
}

/** The status of the attachment; undefined when the interface is not attached to an instance. */
export function interfaceStatus(
  { attachment }: NetworkInterface,
  instance: Instance | undefined,
): 'attaching' | 'attached' | 'detaching' | undefined {
  if (!attachment) return undefined;
  if (attachment.state) return attachment.state;
  return instance && isLaunching(instance) ? 'attaching' : 'attached';
}

/** Whose a public address is: of an account, or of the platform's pool. */
export const addressOwner = ({ elastic }: InterfaceAddress) => elastic?.ownerId ?? 'amazon';

/** The public address as an instance shows it; its interface adds the ids of an Elastic IP address. */
export function associationView(address: NamedAddress | undefined) {
  if (address?.publicIp === undefined) return {};
  return {
    Association: {
      IpOwnerId: addressOwner(address),
      PublicDnsName: address.publicName,
      PublicIp: address.publicIp,
    },
  };
}

type PrivateIpView = NonNullable<
  NonNullable<
    Ec2.Ec2Output<'DescribeNetworkInterfaces'>['NetworkInterfaces']
  >[number]['PrivateIpAddresses']
>[number];

/** Every private address with its public one. */
export function privateIpViews(
  { nic, addresses }: InterfaceFacts,
  association: (address: NamedAddress) => Pick<PrivateIpView, 'Association'>,
): PrivateIpView[] {
  return addresses.map((address, index) => ({
    ...association(address),
    Primary: index === 0,
    PrivateDnsName: privateDnsName(address.privateIp, nic.region),
    PrivateIpAddress: address.privateIp,
  }));
}
