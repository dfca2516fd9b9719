import type { TimestampMs } from '@bakehouse/base';
import type { MetadataReader, MetadataTransaction } from '../ports/metadata-store.ts';
import type { AccountId, SnapshotId, ZoneName } from '../records/common.ts';
import type { FastRestore, FastRestoreState } from '../records/fast-restore.ts';
import type { Volume } from '../records/volume.ts';

/** Each account has its own fast restores of a snapshot that it may use. */
export const fastRestoreId = (snapshotId: SnapshotId, zone: ZoneName, ownerId: AccountId): string =>
  `${snapshotId}/${zone}/${ownerId}`;

/** The states in which the snapshot's map is wanted as a local file. */
export const wantsHotMap: readonly FastRestoreState[] = ['enabling', 'optimizing', 'enabled'];

/** Which states may follow each state. */
export const fastRestoreNext: { readonly [S in FastRestoreState]: readonly FastRestoreState[] } = {
  enabling: ['optimizing', 'disabling'],
  optimizing: ['enabled', 'disabling'],
  // Back when the local file is lost, or has to be checked first.
  enabled: ['optimizing', 'disabling'],
  disabling: ['disabled', 'enabling'],
  disabled: ['enabling'],
};

/** The record in another state. */
export function inState(
  record: FastRestore,
  state: FastRestoreState,
  at: TimestampMs,
): FastRestore {
  return { ...record, state, enteredAt: { ...record.enteredAt, [state]: at } };
}

export interface FastRestoreFacts {
  /** Undefined: the snapshot was deleted, which ends its fast restores. */
  readonly snapshotState: 'pending' | 'completed' | 'error' | undefined;
  /** The snapshot's map is a local file that new disks get. */
  readonly isHot: boolean;
}

/**
 * The state that the platform takes a record to by itself; the same when nothing is to be done. `enabled` is true only
 * while the map is hot.
 */
export function nextFastRestoreState(
  state: FastRestoreState,
  { snapshotState, isHot }: FastRestoreFacts,
): FastRestoreState {
  if (state === 'disabled' || state === 'disabling') return 'disabled';
  if (snapshotState === undefined || snapshotState === 'error') return 'disabling';
  if (state === 'enabling') return snapshotState === 'pending' ? state : 'optimizing';
  return isHot ? 'enabled' : 'optimizing';
}

/** Gives up the fast restores of a snapshot that is deleted, for every account. */
export async function endFastRestores(
  tx: MetadataTransaction,
  snapshotId: SnapshotId,
  now: TimestampMs,
): Promise<void> {
  for (const record of await tx.list('fastRestore', { where: { snapshot: [snapshotId] } })) {
    if (!wantsHotMap.includes(record.state)) continue;
    await tx.put('fastRestore', inState(record, 'disabling', now));
  }
}

/** Whether a volume of this snapshot, zone and account is restored fast when its disk gets a hot map. */
export async function isFastRestoreEnabled(
  reader: MetadataReader,
  { snapshotId, zone, ownerId }: Pick<Volume, 'snapshotId' | 'zone' | 'ownerId'>,
): Promise<boolean> {
  if (snapshotId === undefined) return false;
  const record = await reader.get('fastRestore', fastRestoreId(snapshotId, zone, ownerId));
  return record?.state === 'enabled';
}
