import type { AccountId } from '../records/common.ts';
import type { Image } from '../records/image.ts';
import type { Snapshot } from '../records/snapshot.ts';

/** True when the account may launch or read it: owner, everyone, or named. */
export function isSharedWith(record: Image | Snapshot, accountId: AccountId): boolean {
  const shared =
    'launchPermissions' in record ? record.launchPermissions : record.createVolumePermissions;
  return record.ownerId === accountId || shared.everyone || shared.accountIds.includes(accountId);
}
