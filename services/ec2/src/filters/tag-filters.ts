import type { TagRow } from '../views/tag.ts';
import type { FilterTable } from './filter.ts';

/** The filters of DescribeTags, by their documented names. */
export const tagRowFilters: FilterTable<TagRow> = {
  key: ({ key }) => key,
  'resource-id': ({ resourceId }) => resourceId,
  'resource-type': ({ resourceType }) => resourceType,
  'tag:': ({ key, value }, wanted) => (key === wanted ? value : undefined),
  value: ({ value }) => value,
};
