import { apiError, findRegion, type ZoneName } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { findZone } from './find-zone.ts';

interface ZoneRequest {
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
}

/** The zone that the request gives by name or by id; undefined when it gives none. */
export function requestedZone(
  { region }: Pick<OperationContext, 'region'>,
  { AvailabilityZone: name, AvailabilityZoneId: id }: ZoneRequest,
): ZoneName | undefined {
  const found = findZone(region, { name, id });
  if (found || (!name && !id)) return found;
  const zones = findRegion(region)?.zones ?? [];
  const known = zones.map((zone) => (name ? zone.name : zone.id));
  throw apiError('InvalidParameterValue', {
    parameter: name ? 'availabilityZone' : 'availabilityZoneId',
    value: name ?? id,
    hint: `Subnets can currently only be created in the following availability zones: ${known.join(', ')}.`,
  });
}
