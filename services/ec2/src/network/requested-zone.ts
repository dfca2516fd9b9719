import { apiError, findRegion, type ZoneName } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

interface ZoneRequest {
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
}

/** The zone that the request gives by name or by id; undefined when it gives none. */
export function requestedZone(
  { region }: Pick<OperationContext, 'region'>,
  { AvailabilityZone: name, AvailabilityZoneId: id }: ZoneRequest,
): ZoneName | undefined {
  if (name && id) {
    throw apiError('InvalidParameterCombination', {
      message: 'Specify AvailabilityZone or AvailabilityZoneId, not both',
    });
  }
  if (!name && !id) return undefined;
  const zones = findRegion(region)?.zones ?? [];
  const found = zones.find((zone) => (name ? zone.name === name : zone.id === id));
  if (found) return found.name;
  const known = zones.map((zone) => (name ? zone.name : zone.id));
  throw apiError('InvalidParameterValue', {
    parameter: name ? 'availabilityZone' : 'availabilityZoneId',
    value: name ?? id,
    hint: `Subnets can currently only be created in the following availability zones: ${known.join(', ')}.`,
  });
}
