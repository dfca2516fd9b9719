import { apiError } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { addTags } from '../../tag-specification.ts';
import { checkResources } from './check-resources.ts';
import { taggableById } from './taggable.ts';

/** Adds or replaces tags on all the named resources, or on none. */
export const createTags: Operation<'CreateTags'> = async (context, request) => {
  const { Resources: ids, Tags: tags } = request;
  checkResources(ids);
  if (tags.length === 0) throw apiError('MissingParameter', { parameter: 'Tag' });
  const keys = tags.map((tag) => tag.Key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) {
    throw apiError('InvalidParameterValue', { message: `Duplicate tag key '${twice}' specified.` });
  }
  await context.write(async (tx) => {
    for (const id of new Set(ids)) {
      const resource = await taggableById(tx, context, id);
      await resource.put(tx, addTags(resource.tags, tags));
    }
  });
  return {};
};
