import {
  type AccountId,
  apiError,
  characterCount,
  type Image,
  type Snapshot,
  type Tags,
  tagLimits,
} from '@bakehouse/domain';
import { checkPlainText } from './text.ts';

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export interface TagSpecification {
  readonly ResourceType?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

/** Throws EC2's error for a key of the platform's own tags. */
export function refuseReservedKey(key: string): void {
  if (!key.toLowerCase().startsWith('aws:')) return;
  throw apiError('InvalidParameterValue', {
    message: `Tag keys starting with 'aws:' are reserved for internal use`,
  });
}

/** Throws EC2's error when one request gives a key two values. */
export function refuseDuplicateKeys(tags: readonly Tag[]): void {
  const keys = tags.map((tag) => tag.Key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice === undefined) return;
  throw apiError('InvalidParameterValue', { message: `Duplicate tag key '${twice}' specified.` });
}

/** The tag's key and value; throws EC2's error for an invalid one. */
function checkTag({ Key: key, Value: value = '' }: Tag): [key: string, value: string] {
  if (key === undefined || key === '') throw apiError('MissingParameter', { parameter: 'key' });
  if (characterCount(key) > tagLimits.keyLength) {
    throw apiError('InvalidParameterValue', {
      message: `Tag key exceeds the maximum length of ${tagLimits.keyLength} characters`,
    });
  }
  if (characterCount(value) > tagLimits.valueLength) {
    throw apiError('InvalidParameterValue', {
      message: `Tag value exceeds the maximum length of ${tagLimits.valueLength} characters`,
    });
  }
  checkPlainText('tag key', key);
  checkPlainText('tag value', value);
  refuseReservedKey(key);
  return [key, value];
}

/** The user's tags, without those of the platform. */
export const userTags = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('aws:')));

/** Tags with these added, within the limit per resource. */
export function addTags(tags: Tags, added: readonly Tag[]): Tags {
  const next = { ...tags, ...Object.fromEntries(added.map(checkTag)) };
  // Tags of the platform (`aws:`) do not count.
  if (Object.keys(userTags(next)).length > tagLimits.perResource) {
    throw apiError('TagLimitExceeded', { max: tagLimits.perResource });
  }
  return next;
}

/**
 * The tags that a request gives to one type of new resource. `allowed` names all types that the operation
 * makes; other types and duplicate keys are refused.
 */
export function tagsFor<Type extends string>(
  type: Type,
  specifications: readonly TagSpecification[] | undefined,
  allowed: readonly Type[],
): Tags {
  const wanted: Tag[] = [];
  for (const { ResourceType: resourceType = '', Tags: tags = [] } of specifications ?? []) {
    if (!allowed.some((each) => each === resourceType)) {
      throw apiError('InvalidParameterValue', {
        message: `'${resourceType}' is not a valid taggable resource type for this operation.`,
      });
    }
    if (resourceType === type) wanted.push(...tags);
  }
  refuseDuplicateKeys(wanted);
  return addTags({}, wanted);
}

/** Throws the error that a launch would for tags of a launch template, whatever types of resource they are for. */
export function checkTemplateTags(specifications: readonly TagSpecification[] = []): void {
  const types = [...new Set(specifications.map(({ ResourceType: type = '' }) => type))];
  for (const type of types) tagsFor(type, specifications, types);
}

/** Tags in a reply. */
export function tagsView(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** The member `Tags` of a reply, for kinds of resource whose view has none while the resource has no tags. */
export function tagsIfAny(tags: Tags): { Tags?: { Key: string; Value: string }[] } {
  const Tags = tagsView(tags);
  return Tags.length > 0 ? { Tags } : {};
}

/** An account's own tags on a resource that it may use. Accounts do not see one another's. */
export function ownTags(
  { ownerId, tags, othersTags }: Image | Snapshot,
  accountId: AccountId,
): Tags {
  return ownerId === accountId ? tags : (othersTags?.[accountId] ?? {});
}

/** `othersTags` with this account's replaced. */
export function withOwnTags(
  { othersTags = {} }: Image | Snapshot,
  accountId: AccountId,
  tags: Tags,
): Pick<Image, 'othersTags'> {
  const { [accountId]: _, ...rest } = othersTags;
  return { othersTags: Object.keys(tags).length > 0 ? { ...rest, [accountId]: tags } : rest };
}
