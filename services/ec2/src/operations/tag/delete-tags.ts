import { apiError, type Tags } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { refuseReservedKey } from '../../request/tags.ts';
import { changeTags } from './tag-change.ts';

interface DeletedTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Removes tags by key, and only with a matching value if one is given. */
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
    refuseReservedKey(key);
  }
  await changeTags(context, ids, (tags) =>
    deleted.length > 0 ? withoutTags(tags, deleted) : reserved(tags),
  );
  return {};
};
