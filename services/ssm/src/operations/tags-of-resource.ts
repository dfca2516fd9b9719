import { apiError, type MetadataReader, type Parameter } from '@bakehouse/domain';
import type { ParameterContext, ParameterOperation } from '../context.ts';
import { ownParameter } from '../lookup.ts';
import { mergeTags, tagViews } from '../tags.ts';

/** The parameter that a tagging request names; SSM's other resources are not served. */
async function taggedParameter(
  reader: MetadataReader,
  context: ParameterContext,
  { ResourceType: type, ResourceId: id }: { ResourceType: string; ResourceId: string },
): Promise<Parameter> {
  if (type !== 'Parameter') {
    throw apiError('InvalidResourceType', {
      message: `Resources of the type ${type} are not served here; parameters are.`,
    });
  }
  const parameter = await ownParameter(reader, context, id);
  if (parameter) return parameter;
  throw apiError('InvalidResourceId', { message: `There is no parameter ${id}.` });
}

export const addTagsToResource: ParameterOperation<'AddTagsToResource'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const parameter = await taggedParameter(tx, context, request);
    const tags = mergeTags(parameter.tags, request.Tags);
    await tx.put('parameter', { ...parameter, tags });
  });
  return {};
};

export const removeTagsFromResource: ParameterOperation<'RemoveTagsFromResource'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const parameter = await taggedParameter(tx, context, request);
    const left = Object.entries(parameter.tags).filter(([key]) => !request.TagKeys.includes(key));
    await tx.put('parameter', { ...parameter, tags: Object.fromEntries(left) });
  });
  return {};
};

export const listTagsForResource: ParameterOperation<'ListTagsForResource'> = async (
  context,
  request,
) => {
  const { tags } = await context.read((reader) => taggedParameter(reader, context, request));
  return { TagList: tagViews(tags) };
};
