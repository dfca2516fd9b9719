import { apiError, partitionOf, publicRegions } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { regionFilters } from '../../filters/region-filters.ts';
import type { Operation } from '../../operation.ts';
import { regionView } from '../../views/region.ts';

/**
 * The served regions of the partition that the call is made in; with AllRegions, or by name, also those of it
 * that are not served. Regions of other partitions do not exist for a caller, as in AWS.
 */
export const describeRegions: Operation<'DescribeRegions'> = async (
  { settings, region: here },
  request,
) => {
  const { name: partition } = partitionOf(here);
  const known = publicRegions.filter((region) => region.partition.name === partition);
  const names = request.RegionNames ?? [];
  const unknown = names.filter((name) => !known.some((region) => region.name === name));
  if (unknown.length > 0) {
    throw apiError('InvalidParameterValue', { message: `Invalid region: [${unknown.join(', ')}]` });
  }
  const all = known.map((region) => ({
    region,
    isServed: settings.regions.includes(region.name),
  }));
  const chosen = all.filter(({ region, isServed }) =>
    names.length > 0 ? names.includes(region.name) : isServed || request.AllRegions,
  );
  const found = await filterItems(chosen, request.Filters, regionFilters);
  return { Regions: found.map(regionView) };
};
