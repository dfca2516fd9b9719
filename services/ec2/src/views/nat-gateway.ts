import type * as Ec2 from '@bakehouse/aws-model';
import type { NatGateway, NatGatewayAddress } from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';
import { wholeSecond } from './time.ts';

type NatGatewayView = NonNullable<Ec2.Ec2Output<'DescribeNatGateways'>['NatGateways']>[number];
type NatAddressView = NonNullable<NatGatewayView['NatGatewayAddresses']>[number];
type AddressStatus = NonNullable<NatAddressView['Status']>;

/** EC2's status of the addresses of a gateway, by the gateway's state; none of one that is deleted. */
const addressStatuses: Readonly<Record<NatGateway['state'], AddressStatus | undefined>> = {
  pending: 'associating',
  available: 'succeeded',
  deleting: 'disassociating',
  deleted: undefined,
  failed: 'failed',
};

function addressView(
  { nicId, privateIp, allocationId, publicIp, associationId, isPrimary }: NatGatewayAddress,
  status: AddressStatus | undefined,
): NatAddressView {
  return {
    NetworkInterfaceId: nicId,
    PrivateIp: privateIp,
    ...(allocationId ? { AllocationId: allocationId } : {}),
    ...(publicIp ? { PublicIp: publicIp } : {}),
    ...(associationId ? { AssociationId: associationId } : {}),
    IsPrimary: isPrimary,
    ...(status ? { Status: status } : {}),
  };
}

/** The official shape of a NAT gateway. */
export function natGatewayView(gateway: NatGateway): NatGatewayView {
  const { failure, deletedAt, state } = gateway;
  return {
    NatGatewayId: gateway.id,
    CreateTime: wholeSecond(gateway.createdAt),
    ...(deletedAt === undefined ? {} : { DeleteTime: wholeSecond(deletedAt) }),
    ...(failure ? { FailureCode: failure.code, FailureMessage: failure.message } : {}),
    NatGatewayAddresses: gateway.addresses.map((each) => addressView(each, addressStatuses[state])),
    State: state,
    SubnetId: gateway.subnetId,
    VpcId: gateway.vpcId,
    Tags: tagsView(gateway.tags),
    ConnectivityType: gateway.connectivity,
    AvailabilityMode: 'zonal',
  };
}
