import type { AccountId } from '@bakehouse/domain';

/** Accounts here have no users beside their root. */
export const creatorOf = (accountId: AccountId) => `arn:aws:iam::${accountId}:root`;
