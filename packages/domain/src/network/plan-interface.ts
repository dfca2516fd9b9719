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
  readonly publicIp: string | undefined;
  readonly associatePublicIp: boolean;
  /** The instance that is launched with it. */
  readonly attachment: Omit<NonNullable<NetworkInterface['attachment']>, 'attachedAt'>;
}

/** The network interface of an instance that is launched with it. */
export function planInterface(draft: InterfaceDraft): NetworkInterface {
  const { subnet, groups, publicIp, attachment, ...common } = draft;
  return {
    ...common,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    zone: subnet.zone,
    ...definedMembers({ publicIp }),
    groupIds: groups.map((group) => group.id),
    sourceDestCheck: true,
    status: 'in-use',
    attachment: { ...attachment, attachedAt: common.createdAt },
  };
}

/** A locally administered MAC address, drawn from the id source so that simulations repeat. */
export function macAddress(ids: IdSource): string {
  const bytes = [...ids.bytes(5)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['0e', ...bytes].join(':');
}
