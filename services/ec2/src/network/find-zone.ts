import { apiError, findRegion, type RegionName, type ZoneName } from '@bakehouse/domain';

/** A zone as requests name it: by name or by id. */
interface AskedZone {
  readonly name?: string | undefined;
  readonly id?: string | undefined;
}

/** The zone of the region that has this name or id; undefined when none has, or none is asked for. Refuses both at once. */
export function findZone(region: RegionName, { name, id }: AskedZone): ZoneName | undefined {
  if (name && id) {
    throw apiError('InvalidParameterCombination', {
      message: 'Specify AvailabilityZone or AvailabilityZoneId, not both',
    });
  }
  const zones = findRegion(region)?.zones ?? [];
  return zones.find((zone) => (name ? zone.name === name : zone.id === id))?.name;
}
