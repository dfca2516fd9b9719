import type { InstanceFacts } from '../views/instance.ts';
import { stateCodes } from '../views/instance.ts';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeInstances, by their documented names. */
export const instanceFilters: FilterTable<InstanceFacts> = {
  'tag:': ({ instance }, key) => tagFilters['tag:'](instance, key),
  'tag-key': ({ instance }) => tagFilters['tag-key'](instance),
  'instance-id': ({ instance }) => instance.id,
  'image-id': ({ instance }) => instance.imageId,
  'instance-type': ({ instance }) => instance.instanceType,
  'instance-state-name': ({ instance }) => instance.state,
  'instance-state-code': ({ instance }) => stateCodes[instance.state],
};

export const instanceIndexes: FilterIndexes<'instance'> = {
  'image-id': 'image',
  'instance-state-name': 'state',
  'reservation-id': 'reservation',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
