import { apiError, findRegion } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { zoneFilters } from '../../filters/region-filters.ts';
import type { Operation } from '../../operation.ts';
import { unknownZone } from '../../request/refusals.ts';
import { zoneView } from '../../views/region.ts';

/** The region's zones. All are open, so AllAvailabilityZones adds none. */
export const describeAvailabilityZones: Operation<'DescribeAvailabilityZones'> = async (
  context,
  request,
) => {
  const { ZoneNames: names = [], ZoneIds: ids = [], Filters: filters } = request;
  const region = findRegion(context.region);
  const zones = region?.zones ?? [];
  const unknownName = names.find((name) => !zones.some((zone) => zone.name === name));
  if (unknownName !== undefined) {
    throw unknownZone(unknownName);
  }
  const unknownId = ids.find((id) => !zones.some((zone) => zone.id === id));
  if (unknownId !== undefined) {
    throw apiError('InvalidParameterValue', {
      message: `Invalid availability zone-id: [${unknownId}]`,
    });
  }
  const isAll = names.length === 0 && ids.length === 0;
  const facts = zones
    .filter((zone) => isAll || names.includes(zone.name) || ids.includes(zone.id))
    .flatMap((zone) => (region ? [{ region, zone }] : []));
  const found = await filterItems(facts, filters, zoneFilters);
  return { AvailabilityZones: found.map(zoneView) };
};
