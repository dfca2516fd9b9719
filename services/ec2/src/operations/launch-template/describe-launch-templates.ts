import type { LaunchTemplate, MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { readFilters } from '../../filters/filter.ts';
import {
  launchTemplateFilters,
  launchTemplateIndexes,
} from '../../filters/launch-template-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { findTemplate } from '../../launch/template-version.ts';
import { ownQuery } from '../../lookup/owned-steps.ts';
import { type Candidates, recordSteps } from '../../lookup/record-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';
import { launchTemplateView } from '../../views/launch-template.ts';

type Request = Parameters<Operation<'DescribeLaunchTemplates'>>[1];

async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  { LaunchTemplateIds: ids = [], LaunchTemplateNames: names = [], Filters }: Request,
): Promise<Candidates<'launchTemplate'>> {
  const references = [
    ...ids.map((id) => ({ LaunchTemplateId: id })),
    ...names.map((name) => ({ LaunchTemplateName: name })),
  ];
  if (references.length === 0) {
    return { queries: [ownQuery(context, narrow(Filters, launchTemplateIndexes))] };
  }
  const named = new Map<string, LaunchTemplate>();
  for (const reference of references) {
    const template = await findTemplate(reader, context, reference);
    named.set(template.id, template);
  }
  return { named: [...named.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** The caller's templates, by id, by name, or all. */
export const describeLaunchTemplates: Operation<'DescribeLaunchTemplates'> = async (
  context,
  request,
) => {
  refusePagingWithIds(request.LaunchTemplateIds, request, 'launchTemplateIds');
  refusePagingWithIds(request.LaunchTemplateNames, request, 'launchTemplateNames');
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(request.Filters, launchTemplateFilters),
    limits: { min: 1, max: 200 },
    read: recordSteps(context, {
      kind: 'launchTemplate',
      candidates: (reader) => candidates(reader, context, request),
      item: async (_, template) => template,
    }),
  });
  return {
    LaunchTemplates: items.map(launchTemplateView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
