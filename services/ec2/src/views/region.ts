import type * as Ec2 from '@bakehouse/aws-model';
import type { Region } from '@bakehouse/domain';

type RegionView = NonNullable<Ec2.Ec2Output<'DescribeRegions'>['Regions']>[number];
type ZoneView = NonNullable<
  Ec2.Ec2Output<'DescribeAvailabilityZones'>['AvailabilityZones']
>[number];

/** A region, and whether this platform serves it. A region that is not served is shown as not opted in. */
export interface RegionFacts {
  readonly region: Region;
  readonly isServed: boolean;
}

export interface ZoneFacts {
  readonly region: Region;
  readonly zone: Region['zones'][number];
}

export function optInStatus({ region, isServed }: RegionFacts): string {
  if (!isServed) return 'not-opted-in';
  return region.optIn ? 'opted-in' : 'opt-in-not-required';
}

export const endpointOf = ({ region }: RegionFacts) =>
  `ec2.${region.name}.${region.partition.domain}`;

export const regionView = (facts: RegionFacts): RegionView => ({
  OptInStatus: optInStatus(facts),
  RegionName: facts.region.name,
  Endpoint: endpointOf(facts),
});

/** All zones of a region belong to its first zone group. */
export const zoneGroup = ({ region }: ZoneFacts) => ({
  name: `${region.name}-zg-1`,
  longName: `${region.description} 1`,
});

export function zoneView(facts: ZoneFacts): ZoneView {
  const { region, zone } = facts;
  const group = zoneGroup(facts);
  return {
    OptInStatus: 'opt-in-not-required',
    Messages: [],
    RegionName: region.name,
    ZoneName: zone.name,
    ZoneId: zone.id,
    GroupName: group.name,
    GroupLongName: group.longName,
    NetworkBorderGroup: region.name,
    ZoneType: 'availability-zone',
    State: 'available',
  };
}
