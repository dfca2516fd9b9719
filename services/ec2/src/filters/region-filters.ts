import {
  endpointOf,
  optInStatus,
  type RegionFacts,
  type ZoneFacts,
  zoneGroup,
} from '../views/region.ts';
import { type FilterTable, nothing } from './filter.ts';

/** The filters of DescribeRegions, by their documented names. */
export const regionFilters: FilterTable<RegionFacts> = {
  endpoint: endpointOf,
  'opt-in-status': optInStatus,
  'region-name': ({ region }) => region.name,
};

/** The filters of DescribeAvailabilityZones, by their documented names. */
export const zoneFilters: FilterTable<ZoneFacts> = {
  ...nothing(['message', 'parent-zone-id', 'parent-zone-name']),
  'group-long-name': (facts) => zoneGroup(facts).longName,
  'group-name': (facts) => zoneGroup(facts).name,
  'opt-in-status': () => 'opt-in-not-required',
  'region-name': ({ region }) => region.name,
  state: () => 'available',
  'zone-id': ({ zone }) => zone.id,
  'zone-name': ({ zone }) => zone.name,
  'zone-type': () => 'availability-zone',
};
