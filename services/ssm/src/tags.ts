import { apiError, characterCount, type Tags, tagLimits } from '@bakehouse/domain';
import { invalid } from './refusals.ts';

const { perResource, keyLength, valueLength } = tagLimits;

type GivenTags = readonly {
  readonly Key: string | undefined;
  readonly Value: string | undefined;
}[];

function checkTags(given: GivenTags): void {
  const seen = new Set<string>();
  for (const { Key: key = '', Value: value = '' } of given) {
    const isKey = key !== '' && characterCount(key) <= keyLength && !/^aws:/i.test(key);
    if (!isKey || characterCount(value) > valueLength) {
      throw invalid(
        `The tag '${key}' is invalid: a key has 1 to ${keyLength} characters and does not begin with aws:, a value has at most ${valueLength}.`,
      );
    }
    if (seen.has(key)) throw invalid(`The tag key '${key}' is given twice.`);
    seen.add(key);
  }
}

/** The tags with others laid over them; throws SSM's errors for tags that may not be. */
export function mergeTags(tags: Tags, given: GivenTags): Tags {
  checkTags(given);
  const merged = {
    ...tags,
    ...Object.fromEntries(given.map(({ Key = '', Value = '' }) => [Key, Value])),
  };
  if (Object.keys(merged).length <= perResource) return merged;
  throw apiError('TooManyTagsError', {
    message: `A parameter can have at most ${perResource} tags.`,
  });
}

export const tagViews = (tags: Tags) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
