import { apiError, type Tags } from '@bakehouse/domain';
import { checkPlainText } from './plain-text.ts';

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export interface TagSpecification {
  readonly ResourceType?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

/** EC2's bounds ("Tag restrictions"). */
export const tagLimits = { perResource: 50, keyLength: 127, valueLength: 255 };

/** A valid tag as key and value, or EC2's refusal. */
export function checkTag({ Key: key, Value: value = '' }: Tag): [key: string, value: string] {
  if (key === undefined || key === '') throw apiError('MissingParameter', { parameter: 'key' });
  if (key.length > tagLimits.keyLength) {
    throw apiError('InvalidParameterValue', {
      message: `Tag key exceeds the maximum length of ${tagLimits.keyLength} characters`,
    });
  }
  if (value.length > tagLimits.valueLength) {
    throw apiError('InvalidParameterValue', {
      message: `Tag value exceeds the maximum length of ${tagLimits.valueLength} characters`,
    });
  }
  checkPlainText('tag key', key);
  checkPlainText('tag value', value);
  if (key.toLowerCase().startsWith('aws:')) {
    throw apiError('InvalidParameterValue', {
      message: `Tag keys starting with 'aws:' are reserved for internal use`,
    });
  }
  return [key, value];
}

/** Tags with these added, within the limit per resource. */
export function addTags(tags: Tags, added: readonly Tag[]): Tags {
  const next = { ...tags, ...Object.fromEntries(added.map(checkTag)) };
  // Those of the platform (`aws:`) do not count.
  const own = Object.keys(next).filter((key) => !key.startsWith('aws:'));
  if (own.length > tagLimits.perResource) {
    throw apiError('TagLimitExceeded', {
      message: `More than ${tagLimits.perResource} tags on one resource`,
    });
  }
  return next;
}

/**
 * The tags that a request gives to one type of new resource. `allowed` names all types that the operation
 * makes; another one is refused, as is naming a key twice.
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
  const keys = wanted.map((tag) => tag.Key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) {
    throw apiError('InvalidParameterValue', { message: `Duplicate tag key '${twice}' specified.` });
  }
  return addTags({}, wanted);
}

/** As answers show tags. */
export function tagsView(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
