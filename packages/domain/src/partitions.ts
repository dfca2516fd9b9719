import type { AccountId, RegionName } from './records/index.ts';

/** A part of AWS with regions, endpoints and ARNs of its own ("Amazon Resource Names (ARNs)"). */
export interface Partition {
  /** As ARNs spell it. */
  readonly name: 'aws' | 'aws-cn' | 'aws-us-gov';
  /** What its endpoints end with. */
  readonly domain: string;
  readonly regionPrefix: string;
}

const standard: Partition = { name: 'aws', domain: 'amazonaws.com', regionPrefix: '' };
const others: readonly Partition[] = [
  { name: 'aws-cn', domain: 'amazonaws.com.cn', regionPrefix: 'cn-' },
  { name: 'aws-us-gov', domain: 'amazonaws.com', regionPrefix: 'us-gov-' },
];

export function partitionOf(region: RegionName): Partition {
  return others.find(({ regionPrefix }) => region.startsWith(regionPrefix)) ?? standard;
}

interface Owned {
  readonly region: RegionName;
  readonly ownerId: AccountId;
}

/** The ARN of an EC2 resource: `arn:aws:ec2:us-east-1:123456789012:subnet/subnet-0…`. */
export const ec2Arn = ({ region, ownerId }: Owned, noun: string, id: string): string =>
  `arn:${partitionOf(region).name}:ec2:${region}:${ownerId}:${noun}/${id}`;

/** The ARN of a parameter; a public one is nobody's. */
export const parameterArn = ({ region, ownerId }: Owned, name: string): string =>
  `arn:${partitionOf(region).name}:ssm:${region}:${ownerId}:parameter/${name.replace(/^\//, '')}`;

/** The ARN of a key of KMS; `name` says what names it: `key/…` or `alias/…`. */
export const kmsArn = ({ region, ownerId }: Owned, name: string): string =>
  `arn:${partitionOf(region).name}:kms:${region}:${ownerId}:${name}`;

/** The ARN of an account's root user, as calls in the region see it; IAM's ARNs name no region. */
export const rootUserArn = ({ region, ownerId }: Owned): string =>
  `arn:${partitionOf(region).name}:iam::${ownerId}:root`;
