import { allInstanceTypes, apiError, findInstanceType, type InstanceType } from '@bakehouse/domain';
import { readFilters } from '../../filters/filter.ts';
import { instanceTypeFilters } from '../../filters/instance-type-filters.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds, stepsOf } from '../../request/paging.ts';
import { instanceTypeView } from '../../views/instance-type.ts';

/** EC2's bounds for MaxResults here, and the page of a call that names neither types nor MaxResults. */
const limits = { min: 5, max: 100 };

function namedTypes(names: readonly string[]): readonly InstanceType[] {
  const unknown = names.filter((name) => !findInstanceType(name));
  if (unknown.length > 0) {
    throw apiError('InvalidInstanceType', { names: unknown });
  }
  const asked = new Set(names);
  return allInstanceTypes().filter((type) => asked.has(type.name));
}

/** Every type is described in every region. */
export const describeInstanceTypes: Operation<'DescribeInstanceTypes'> = async (_, request) => {
  const names: readonly string[] = request.InstanceTypes ?? [];
  refusePagingWithIds(names, request, 'instanceTypesSet');
  const named = names.length > 0 ? namedTypes(names) : allInstanceTypes();
  const paging = names.length > 0 ? {} : { MaxResults: limits.max, ...request };
  const { items, nextToken } = await pageOfSteps({
    request: paging,
    filters: readFilters(request.Filters, instanceTypeFilters),
    limits,
    read: stepsOf(named, ({ name }) => name, instanceTypeView),
  });
  return { InstanceTypes: [...items], ...(nextToken ? { NextToken: nextToken } : {}) };
};
