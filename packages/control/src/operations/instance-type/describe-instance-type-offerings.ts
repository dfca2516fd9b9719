import type { Ec2Input, Ec2Output } from '@bakehouse/aws-model';
import { apiError, findRegion, instanceTypes } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { instanceTypeOfferingFilters } from '../../filters/instance-type-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';

type LocationType = NonNullable<Ec2Input<'DescribeInstanceTypeOfferings'>['LocationType']>;
type OfferingView = NonNullable<
  Ec2Output<'DescribeInstanceTypeOfferings'>['InstanceTypeOfferings']
>[number];

function locations(region: string, type: LocationType): readonly string[] {
  const zones = findRegion(region)?.zones ?? [];
  if (type === 'region') return [region];
  if (type === 'availability-zone') return zones.map((zone) => zone.name);
  if (type === 'availability-zone-id') return zones.map((zone) => zone.id);
  if (type === 'outpost') return [];
  throw apiError('InvalidParameterValue', {
    message: `Value (${type}) for parameter locationType is invalid.`,
  });
}

/** Every type is offered everywhere. */
export const describeInstanceTypeOfferings: Operation<'DescribeInstanceTypeOfferings'> = async (
  { region },
  request,
) => {
  const locationType = request.LocationType ?? 'region';
  const all = instanceTypes.flatMap(({ name }) =>
    locations(region, locationType)
      .toSorted()
      .map((location) => ({ type: name, location })),
  );
  const found = filterItems(all, request.Filters, instanceTypeOfferingFilters);
  const { items, nextToken } = page(found, request, ({ type, location }) => `${type} ${location}`);
  return {
    InstanceTypeOfferings: items.map(({ type, location }) => ({
      InstanceType: type as NonNullable<OfferingView['InstanceType']>,
      LocationType: locationType,
      Location: location,
    })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
