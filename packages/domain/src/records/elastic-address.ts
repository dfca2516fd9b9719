import type { AddressAssociationId, AllocationId, NetworkInterfaceId, Resource } from './common.ts';

/** An Elastic IP address: its account's until it is released. */
export interface ElasticAddress extends Resource<AllocationId> {
  /** From the public pool that automatic addresses come from, too. */
  readonly publicIp: string;
  readonly association?: {
    readonly id: AddressAssociationId;
    readonly nicId: NetworkInterfaceId;
    /** The private address of the interface that it is translated to. */
    readonly privateIp: string;
  };
}
