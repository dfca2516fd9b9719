import type { AccountId, Image, Snapshot, Tags } from '@bakehouse/domain';

/** An account's own tags on what it may use: each sees and changes no others. */
export function ownTags(
  { ownerId, tags, othersTags }: Image | Snapshot,
  accountId: AccountId,
): Tags {
  return ownerId === accountId ? tags : (othersTags?.[accountId] ?? {});
}

/** What is to be kept of `othersTags` when the account's are these. */
export function withOwnTags(
  { othersTags = {} }: Image | Snapshot,
  accountId: AccountId,
  tags: Tags,
): Pick<Image, 'othersTags'> {
  const { [accountId]: _, ...rest } = othersTags;
  return { othersTags: Object.keys(tags).length > 0 ? { ...rest, [accountId]: tags } : rest };
}
