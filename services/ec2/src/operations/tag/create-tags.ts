import { apiError } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { addTags, refuseDuplicateKeys } from '../../request/tags.ts';
import { changeTags } from './tag-change.ts';

/** Adds or replaces tags on all the named resources, or on none. */
export const createTags: Operation<'CreateTags'> = async (context, request) => {
  const { Resources: ids, Tags: added } = request;
  if (added.length === 0) throw apiError('MissingParameter', { parameter: 'Tag' });
  refuseDuplicateKeys(added);
  await changeTags(context, ids, (tags) => addTags(tags, added));
  return {};
};
