import type { TimestampMs } from '@bakehouse/base';
import type { AccountId } from './common.ts';

export interface Account {
  readonly id: AccountId;
  readonly name: string;
  /** What DescribeImages shows as `ImageOwnerAlias` and accepts in `Owners`; `amazon` for the platform. */
  readonly ownerAlias?: string;
  readonly createdAt: TimestampMs;
}

export interface AccessKey {
  /** The public half, `AKIA…`. */
  readonly id: string;
  readonly secret: string;
  readonly accountId: AccountId;
  readonly createdAt: TimestampMs;
}
