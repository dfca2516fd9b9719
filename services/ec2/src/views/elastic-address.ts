import type * as Ec2 from '@bakehouse/aws-model';
import type { ElasticAddress, MetadataReader, NetworkInterface } from '@bakehouse/domain';
import { tagsIfAny } from '../request/tags.ts';

type AddressView = NonNullable<Ec2.Ec2Output<'DescribeAddresses'>['Addresses']>[number];

/** An address with the interface that it is associated with. */
export interface ElasticAddressFacts {
  readonly address: ElasticAddress;
  readonly nic?: NetworkInterface;
}

export async function readElasticAddressFacts(
  reader: MetadataReader,
  address: ElasticAddress,
): Promise<ElasticAddressFacts> {
  const { association } = address;
  const nic = association && (await reader.get('networkInterface', association.nicId));
  return nic ? { address, nic } : { address };
}

function associationView({ address, nic }: ElasticAddressFacts): AddressView {
  const { association } = address;
  if (!association || !nic) return {};
  const instanceId = nic.attachment?.instanceId;
  return {
    AssociationId: association.id,
    NetworkInterfaceId: nic.id,
    NetworkInterfaceOwnerId: nic.ownerId,
    PrivateIpAddress: association.privateIp,
    ...(instanceId ? { InstanceId: instanceId } : {}),
  };
}

/** The official shape of an Elastic IP address. */
export function elasticAddressView(facts: ElasticAddressFacts): AddressView {
  const { id, publicIp, region, tags } = facts.address;
  return {
    AllocationId: id,
    PublicIp: publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: region,
    ...associationView(facts),
    ...tagsIfAny(tags),
  };
}
