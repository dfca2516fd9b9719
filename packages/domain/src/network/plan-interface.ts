import type { IdSource } from '@bakehouse/base';
import type { NetworkInterfaceId, Placed, Resource } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { NetworkInterface, SecurityGroup, Subnet } from '../records/network.ts';

export interface InterfaceDraft extends Resource<NetworkInterfaceId>, Placed {
  readonly subnet: Subnet;
  readonly groups: readonly SecurityGroup[];
  readonly description: string;
  readonly macAddress: string;
  readonly privateIp: string;
  readonly secondaryIps?: readonly string[];
  readonly publicIp?: string | undefined;
  readonly associatePublicIp: boolean;
  /** The instance that is launched with it; absent for one that is made by itself. */
  readonly attachment?: Omit<NonNullable<NetworkInterface['attachment']>, 'attachedAt'>;
}

/** A new network interface. */
export function planInterface(draft: InterfaceDraft): NetworkInterface {
  const { subnet, groups, publicIp, secondaryIps = [], attachment, ...common } = draft;
  return {
    ...common,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    zone: subnet.zone,
    ...(secondaryIps.length > 0 ? { secondaryIps } : {}),
    ...definedMembers({ publicIp }),
    groupIds: groups.map((group) => group.id),
    sourceDestCheck: true,
    status: attachment ? 'in-use' : 'available',
    ...(attachment ? { attachment: { ...attachment, attachedAt: common.createdAt } } : {}),
  };
}

/** A locally administered MAC address, drawn from the id source so that simulations repeat. */
export function macAddress(ids: IdSource): string {
  const bytes = [...ids.bytes(5)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['0e', ...bytes].join(':');
}
