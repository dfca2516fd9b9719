import type { Ec2Input, Ec2Output } from '@bakehouse/aws-model';
import { allInstanceTypes, apiError, findRegion } from '@bakehouse/domain';
import { instanceTypeOfferingFilters } from '../../filters/instance-type-filters.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems, usualPageLimits } from '../../request/paging.ts';

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
  throw apiError('InvalidParameterValue', { parameter: 'locationType', value: type });
}

/** Every type is offered everywhere. */
export const describeInstanceTypeOfferings: Operation<'DescribeInstanceTypeOfferings'> = async (
  { region },
  request,
) => {
  const locationType = request.LocationType ?? 'region';
  const places = locations(region, locationType).toSorted();
  const all = allInstanceTypes().flatMap(({ name }) =>
    places.map((location) => ({ type: name, location })),
  );
  const { items, nextToken } = await pageOfItems({
    request: { ...request, MaxResults: request.MaxResults ?? usualPageLimits.max },
    items: all,
    idOf: ({ type, location }) => `${type} ${location}`,
    table: instanceTypeOfferingFilters,
  });
  return {
    InstanceTypeOfferings: items.map(({ type, location }) => ({
      InstanceType: type as NonNullable<OfferingView['InstanceType']>,
      LocationType: locationType,
      Location: location,
    })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
