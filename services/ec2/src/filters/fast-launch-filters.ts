import type { FastLaunch } from '@bakehouse/domain';
import type { FilterTable } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeFastLaunchImages, by their documented names. */
export const fastLaunchFilters: FilterTable<FastLaunch> = {
  'owner-id': ({ ownerId }) => ownerId,
  'resource-type': () => 'snapshot',
  state: ({ state }) => state,
};

export const fastLaunchIndexes: FilterIndexes<'fastLaunch'> = { state: 'state' };
