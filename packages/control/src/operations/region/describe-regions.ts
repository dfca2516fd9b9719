import { apiError, publicRegions } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { regionFilters } from '../../filters/region-filters.ts';
import type { Operation } from '../../operation.ts';
import { regionView } from '../../views/region.ts';

/** The regions that are served; with AllRegions, or by name, also those that are not. */
export const describeRegions: Operation<'DescribeRegions'> = async ({ settings }, request) => {
  const names = request.RegionNames ?? [];
  const unknown = names.filter((name) => !publicRegions.some((region) => region.name === name));
  if (unknown.length > 0) {
    throw apiError('InvalidParameterValue', { message: `Invalid region: [${unknown.join(', ')}]` });
  }
  const all = publicRegions.map((region) => ({
    region,
    isServed: settings.regions.includes(region.name),
  }));
  const chosen = all.filter(({ region, isServed }) =>
    names.length > 0 ? names.includes(region.name) : isServed || request.AllRegions,
  );
  return { Regions: filterItems(chosen, request.Filters, regionFilters).map(regionView) };
};
