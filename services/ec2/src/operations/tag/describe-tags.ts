import { readFilters } from '../../filters/filter.ts';
import { tagRowFilters } from '../../filters/tag-filters.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { tagRowView } from '../../views/tag.ts';
import { tagSteps } from './tag-steps.ts';

/** Every tag of the caller's resources in this region. */
export const describeTags: Operation<'DescribeTags'> = async (context, request) => {
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(request.Filters, tagRowFilters),
    read: tagSteps(context, request.Filters ?? []),
  });
  return { Tags: items.map(tagRowView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
