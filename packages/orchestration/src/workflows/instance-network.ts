import { invariant } from '@bakehouse/base';
import {
  type InstanceId,
  interfacesOf,
  ipHostName,
  type MetadataReader,
  type NetworkInterface,
  type Nic,
  privateDomain,
  readInterfaceAddresses,
  type SecurityGroup,
} from '@bakehouse/domain';
import type { InstanceNetwork, InterfaceNetwork } from './instance-metadata.ts';

async function groupsOf(
  reader: MetadataReader,
  { groupIds }: NetworkInterface,
): Promise<readonly SecurityGroup[]> {
  const groups = await reader.getMany('securityGroup', groupIds);
  return groups.filter((group) => group !== undefined);
}

/** An interface with the records that belong to it; they exist as long as it does. */
export async function readInterfaceNetwork(
  reader: MetadataReader,
  nic: NetworkInterface,
): Promise<InterfaceNetwork> {
  const subnet = await reader.get('subnet', nic.subnetId);
  const vpc = await reader.get('vpc', nic.vpcId);
  invariant(subnet && vpc, `interface ${nic.id} has its network records`);
  const addresses = await readInterfaceAddresses(reader, nic);
  return { nic, subnet, vpc, addresses, groups: await groupsOf(reader, nic) };
}

/** Whether the guest has the interface: work that attaches or detaches one gives it and takes it itself. */
const isSettled = ({ attachment }: NetworkInterface) => attachment?.state === undefined;

/** The instance with the network records that belong to it; they exist as long as it does. */
export async function readInstanceNetwork(
  reader: MetadataReader,
  instanceId: InstanceId,
): Promise<InstanceNetwork> {
  const instance = await reader.get('instance', instanceId);
  invariant(instance, `instance ${instanceId} has a record`);
  const nics = (await interfacesOf(reader, instanceId)).filter(isSettled);
  const [primary, ...others] = await Promise.all(
    nics.map((nic) => readInterfaceNetwork(reader, nic)),
  );
  invariant(
    primary?.nic.id === instance.networkInterfaceId,
    `instance ${instanceId} has its primary interface`,
  );
  return { instance, interfaces: [primary, ...others] };
}

/** The NIC as the network makes it. */
export function nicOf({ nic, subnet }: InterfaceNetwork): Nic {
  const { attachment } = nic;
  return {
    nicId: nic.id,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    subnetCidr: subnet.cidr,
    macAddress: nic.macAddress,
    privateIp: nic.privateIp,
    hostName: ipHostName(nic.privateIp),
    domainName: privateDomain(nic.region),
    ...(attachment && { instanceId: attachment.instanceId }),
  };
}
