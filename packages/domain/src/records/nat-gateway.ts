import type { TimestampMs } from '@bakehouse/base';
import type {
  AddressAssociationId,
  AllocationId,
  NatGatewayId,
  NetworkInterfaceId,
  Resource,
  SubnetId,
  VpcId,
} from './common.ts';

export type NatGatewayState = 'pending' | 'available' | 'deleting' | 'deleted' | 'failed';

export interface NatGateway extends Resource<NatGatewayId> {
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly connectivity: 'public' | 'private';
  readonly state: NatGatewayState;
  readonly addresses: readonly NatGatewayAddress[];
  /** Why it is `failed`, by EC2's code and in words. */
  readonly failure?: { readonly code: string; readonly message: string };
  readonly deletedAt?: TimestampMs;
}

export interface NatGatewayAddress {
  readonly nicId: NetworkInterfaceId;
  readonly privateIp: string;
  /** With public connectivity: the Elastic IP address. */
  readonly allocationId?: AllocationId;
  readonly publicIp?: string;
  readonly associationId?: AddressAssociationId;
  readonly isPrimary: boolean;
}
