import type { ResourceId, TimestampMs } from '@bakehouse/base';

/** Twelve digits. */
export type AccountId = string;
/** For example `us-east-1`. */
export type RegionName = string;
/** For example `us-east-1a`. */
export type ZoneName = string;
export type Tags = Readonly<Record<string, string>>;

export type ImageId = ResourceId<'ami'>;
export type SnapshotId = ResourceId<'snap'>;
export type VolumeId = ResourceId<'vol'>;
export type InstanceId = ResourceId<'i'>;
export type ReservationId = ResourceId<'r'>;
export type KeyPairId = ResourceId<'key'>;
export type SecurityGroupId = ResourceId<'sg'>;
export type SecurityGroupRuleId = ResourceId<'sgr'>;
export type VpcId = ResourceId<'vpc'>;
export type SubnetId = ResourceId<'subnet'>;
export type NetworkInterfaceId = ResourceId<'eni'>;
export type RouteTableId = ResourceId<'rtb'>;
export type RouteTableAssociationId = ResourceId<'rtbassoc'>;
export type InternetGatewayId = ResourceId<'igw'>;
export type NetworkAclId = ResourceId<'acl'>;
export type NetworkAclAssociationId = ResourceId<'aclassoc'>;
export type DhcpOptionsId = ResourceId<'dopt'>;
export type VpcCidrAssociationId = ResourceId<'vpc-cidr-assoc'>;
export type AllocationId = ResourceId<'eipalloc'>;
export type AddressAssociationId = ResourceId<'eipassoc'>;
export type NatGatewayId = ResourceId<'nat'>;
export type PrefixListId = ResourceId<'pl'>;
export type LaunchTemplateId = ResourceId<'lt'>;
/** Names an immutable map of blocks in the block store; no EC2 resource. */
export type BlockMapId = ResourceId<'map'>;
export type WorkflowId = ResourceId<'wf'>;
/** The making of an image from a recipe; no EC2 resource. */
export type BakeId = ResourceId<'bake'>;

/** A host of the platform: the machine and data folder that guests and disks are on; no EC2 resource. */
export type HostId = ResourceId<'host'>;

/** What every record has whose thing is on one host: only that host's drivers can act on it. */
export interface Placed {
  readonly hostId: HostId;
}

/** What every EC2 resource record has. Records are immutable: change by copying. */
export interface Resource<Id extends string> {
  readonly id: Id;
  readonly ownerId: AccountId;
  readonly region: RegionName;
  readonly tags: Tags;
  readonly createdAt: TimestampMs;
}

/** The encryption that a seed's description names. A label: nothing is encrypted here. */
export interface Encryption {
  /** The KMS key: its id, ARN or alias. */
  readonly keyId: string;
}

/** The key that an account has for EBS until it chooses another. */
export const ebsKeyAlias = 'alias/aws/ebs';

/** What others may be let use: an image or a snapshot. */
export interface Shareable {
  /** Each account tags what it may use for itself; `tags` are the owner's. */
  readonly othersTags?: Readonly<Record<AccountId, Tags>>;
}

/** Who else may use an image or snapshot. */
export interface SharedWith {
  readonly everyone: boolean;
  readonly accountIds: readonly AccountId[];
}
