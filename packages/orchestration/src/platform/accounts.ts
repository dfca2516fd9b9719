import { randomBytes } from 'node:crypto';
import type { TimestampMs } from '@bakehouse/base';
import type { AccessKey, Account, AccountId, MetadataTransaction } from '@bakehouse/domain';

/** The account that the first start makes for its user. */
export const firstAccountId: AccountId = '123456789012';
/** Owns the images that the platform publishes. */
export const platformAccountId: AccountId = '137112412989';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new access key in AWS's form: `AKIA` and 16 letters; a secret of 40. From the system's key source. */
export function newAccessKey(accountId: AccountId, now: TimestampMs): AccessKey {
  const letters = Array.from(randomBytes(16), (byte) => base32[byte % 32]).join('');
  const secret = randomBytes(30).toString('base64');
  return { id: `AKIA${letters}`, secret, accountId, createdAt: now };
}

export interface NewAccount {
  readonly id: AccountId;
  readonly name: string;
  readonly ownerAlias?: string;
  readonly now: TimestampMs;
}

/** Makes the account with a key of its own; an account that exists is left as it is. */
export async function createAccount(
  tx: MetadataTransaction,
  { id, name, ownerAlias, now }: NewAccount,
): Promise<{ account: Account; key?: AccessKey }> {
  const known = await tx.get('account', id);
  if (known) return { account: known };
  const account: Account = { id, name, createdAt: now, ...(ownerAlias ? { ownerAlias } : {}) };
  const key = newAccessKey(id, now);
  await tx.put('account', account);
  await tx.put('accessKey', key);
  return { account, key };
}
