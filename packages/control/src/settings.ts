import type { AccountId, RegionName } from '@bakehouse/domain';

/** What the operator decided at start; the same for every request. */
export interface Settings {
  readonly regions: readonly RegionName[];
  /** Owns Bakehouse Linux; its owner alias is `amazon` unless configured. */
  readonly platformAccountId: AccountId;
  readonly compute: 'qemu' | 'simulated';
  /** The pool that public addresses come from, for example `127.18.0.0/16`. */
  readonly publicCidr: string;
}
