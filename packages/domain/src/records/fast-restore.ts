import type { TimestampMs } from '@bakehouse/base';
import type { AccountId, RegionName, SnapshotId, ZoneName } from './common.ts';

export type FastRestoreState = 'enabling' | 'optimizing' | 'enabled' | 'disabling' | 'disabled';

/** Fast restores of a snapshot in a zone, for the volumes of the account that asked for them. */
export interface FastRestore {
  /** See `fastRestoreId`. */
  readonly id: string;
  /** Whoever enabled it: the owner of the snapshot, or an account that it is shared with. */
  readonly ownerId: AccountId;
  readonly region: RegionName;
  readonly snapshotId: SnapshotId;
  readonly zone: ZoneName;
  readonly state: FastRestoreState;
  /** When each state was last entered. */
  readonly enteredAt: { readonly [State in FastRestoreState]?: TimestampMs };
}
