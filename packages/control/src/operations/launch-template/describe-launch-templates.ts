import type { LaunchTemplate, MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { filterItems } from '../../filters/filter.ts';
import {
  launchTemplateFilters,
  launchTemplateIndexes,
} from '../../filters/launch-template-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { findTemplate } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { launchTemplateView } from '../../views/launch-template.ts';

type Request = Parameters<Operation<'DescribeLaunchTemplates'>>[1];

async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  { LaunchTemplateIds: ids = [], LaunchTemplateNames: names = [], Filters }: Request,
): Promise<readonly LaunchTemplate[]> {
  const references = [
    ...ids.map((id) => ({ LaunchTemplateId: id })),
    ...names.map((name) => ({ LaunchTemplateName: name })),
  ];
  if (references.length === 0) {
    const query = narrow(context.region, Filters, launchTemplateIndexes);
    return await reader.list('launchTemplate', {
      ...query,
      where: { ...query.where, owner: [context.accountId] },
    });
  }
  const named = new Map<string, LaunchTemplate>();
  for (const reference of references) {
    const template = await findTemplate(reader, context, reference);
    named.set(template.id, template);
  }
  return [...named.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The caller's templates, by id, by name, or all. */
export const describeLaunchTemplates: Operation<'DescribeLaunchTemplates'> = async (
  context,
  request,
) => {
  refusePagingWithIds(request.LaunchTemplateIds, request, 'launchTemplateIds');
  refusePagingWithIds(request.LaunchTemplateNames, request, 'launchTemplateNames');
  const all = await context.read((reader) => candidates(reader, context, request));
  const found = filterItems(all, request.Filters, launchTemplateFilters);
  const { items, nextToken } = page(found, request, (template) => template.id, {
    min: 1,
    max: 200,
  });
  return {
    LaunchTemplates: items.map(launchTemplateView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
