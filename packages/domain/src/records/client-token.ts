import type { TimestampMs } from '@bakehouse/base';

/** A remembered answer: the same token and parameters get the same answer again (EC2, "Idempotency"). */
export interface ClientToken {
  /** `account/region/operation/token`. */
  readonly id: string;
  readonly region: string;
  /** SHA-256 of the request without its token. */
  readonly requestHash: string;
  /** The ids that the first call made, in order. */
  readonly resultIds: readonly string[];
  readonly createdAt: TimestampMs;
}
