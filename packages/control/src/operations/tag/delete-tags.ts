import { apiError, type Tags } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { changeTags } from './tag-change.ts';

interface DeletedTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** A tag goes when its key is named, with its value or with none. */
function withoutTags(tags: Tags, deleted: readonly DeletedTag[]): Tags {
  const isNamed = (key: string, value: string) =>
    deleted.some((tag) => tag.Key === key && (tag.Value === undefined || tag.Value === value));
  return Object.fromEntries(Object.entries(tags).filter(([key, value]) => !isNamed(key, value)));
}

/** Those of the platform stay: a user can neither give nor take them. */
const reserved = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => key.toLowerCase().startsWith('aws:')));

/** Deletes the named tags, or all of the user's when none is named. A tag that is not there is no error. */
export const deleteTags: Operation<'DeleteTags'> = async (context, request) => {
  const { Resources: ids, Tags: deleted = [] } = request;
  for (const { Key: key } of deleted) {
    if (!key) throw apiError('MissingParameter', { parameter: 'key' });
    if (key.toLowerCase().startsWith('aws:')) {
      throw apiError('InvalidParameterValue', {
        message: `Tag keys starting with 'aws:' are reserved for internal use`,
      });
    }
  }
  await changeTags(context, ids, (tags) =>
    deleted.length > 0 ? withoutTags(tags, deleted) : reserved(tags),
  );
  return {};
};
