import { apiError } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { addTags } from '../../tag-specification.ts';
import { changeTags } from './tag-change.ts';

/** Adds or replaces tags on all the named resources, or on none. */
export const createTags: Operation<'CreateTags'> = async (context, request) => {
  const { Resources: ids, Tags: added } = request;
  if (added.length === 0) throw apiError('MissingParameter', { parameter: 'Tag' });
  const keys = added.map((tag) => tag.Key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) {
    throw apiError('InvalidParameterValue', { message: `Duplicate tag key '${twice}' specified.` });
  }
  await changeTags(context, ids, (tags) => addTags(tags, added));
  return {};
};
