import { fastLaunchFilters, fastLaunchIndexes } from '../../filters/fast-launch-filters.ts';
import { readFilters } from '../../filters/filter.ts';
import { narrow } from '../../filters/narrow.ts';
import { ownQuery } from '../../lookup/owned-steps.ts';
import { recordSteps } from '../../lookup/record-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { fastLaunchView } from '../../views/fast-launch.ts';

/** The caller's images with fast launch. One that is disabled is no longer among them, as in EC2. */
export const describeFastLaunchImages: Operation<'DescribeFastLaunchImages'> = async (
  context,
  request,
) => {
  const { Filters: filters, ImageIds: named = [] } = request;
  const isNamed = (id: string) => named.length === 0 || named.includes(id);
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, fastLaunchFilters),
    limits: { min: 1, max: 200 },
    read: recordSteps(context, {
      kind: 'fastLaunch',
      candidates: async () => ({
        queries: [ownQuery(context, narrow(filters, fastLaunchIndexes))],
      }),
      item: async (_, record) => (isNamed(record.id) ? record : undefined),
    }),
  });
  return {
    FastLaunchImages: items.map(fastLaunchView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
