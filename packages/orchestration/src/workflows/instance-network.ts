import { invariant } from '@bakehouse/base';
import {
  type InstanceId,
  ipHostName,
  type MetadataReader,
  type Nic,
  privateDomain,
} from '@bakehouse/domain';
import type { InstanceNetwork } from './instance-metadata.ts';

/** The instance with the network records that belong to it; they are there as long as it is. */
export async function readInstanceNetwork(
  reader: MetadataReader,
  instanceId: InstanceId,
): Promise<InstanceNetwork> {
  const instance = await reader.get('instance', instanceId);
  invariant(instance, `instance ${instanceId} has a record`);
  const nic = await reader.get('networkInterface', instance.networkInterfaceId);
  const subnet = await reader.get('subnet', instance.subnetId);
  const vpc = await reader.get('vpc', instance.vpcId);
  invariant(nic && subnet && vpc, `instance ${instanceId} has its network records`);
  const groups = [];
  for (const groupId of nic.groupIds) {
    const group = await reader.get('securityGroup', groupId);
    if (group) groups.push(group);
  }
  return { instance, nic, subnet, vpc, groups };
}

/** The NIC as the network makes it. */
export function nicOf({ instance, nic, subnet }: InstanceNetwork): Nic {
  return {
    nicId: nic.id,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    subnetCidr: subnet.cidr,
    macAddress: nic.macAddress,
    privateIp: nic.privateIp,
    hostName: ipHostName(nic.privateIp),
    domainName: privateDomain(instance.region),
    instanceId: instance.id,
  };
}
