import type { AccountId, HostId, Placed, RegionName } from '@bakehouse/domain';

/** What the operator decided at start; the same for every request. */
export interface Settings {
  readonly regions: readonly RegionName[];
  /** Owns Bakehouse Linux; its owner alias is `amazon` unless configured. */
  readonly platformAccountId: AccountId;
  /** The host that the drivers act on. What is on another one is left to that one's server. */
  readonly hostId: HostId;
  readonly compute: 'qemu' | 'simulated';
  /** The pool that public addresses come from, for example `127.18.0.0/16`. */
  readonly publicCidr: string;
}

/** Whether a record's thing is on the host of this server's drivers: nothing else may act on it. */
export const isHere =
  ({ hostId }: Pick<Settings, 'hostId'>) =>
  (record: Placed): boolean =>
    record.hostId === hostId;
