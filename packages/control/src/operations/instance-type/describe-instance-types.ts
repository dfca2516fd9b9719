import { apiError, findInstanceType, type InstanceType, instanceTypes } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { instanceTypeFilters } from '../../filters/instance-type-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { instanceTypeView } from '../../views/instance-type.ts';

/** EC2's bounds for MaxResults here. */
const limits = { min: 5, max: 100 };

function namedTypes(names: readonly string[]): readonly InstanceType[] {
  const unknown = names.filter((name) => !findInstanceType(name));
  if (unknown.length > 0) {
    throw apiError('InvalidInstanceType', {
      message: `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
    });
  }
  return instanceTypes.filter((type) => names.includes(type.name));
}

/** Every type is offered in every region. */
export const describeInstanceTypes: Operation<'DescribeInstanceTypes'> = async (_, request) => {
  const names: readonly string[] = request.InstanceTypes ?? [];
  refusePagingWithIds(names, request, 'instanceTypesSet');
  const named = names.length > 0 ? namedTypes(names) : instanceTypes;
  const found = filterItems(named, request.Filters, instanceTypeFilters);
  const { items, nextToken } = page(found, request, (type) => type.name, limits);
  return {
    InstanceTypes: items.map(instanceTypeView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
