import { filterItems } from '../../filters/filter.ts';
import { tagRowFilters } from '../../filters/tag-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { type TagRow, tagRowView } from '../../views/tag.ts';
import { listTagged } from './list-tagged.ts';

/** Resource, then key; `/` is in neither's way, as ids have none. */
const rowId = ({ resourceId, key }: TagRow) => `${resourceId}/${key}`;

/** Every tag of the caller's resources in this region. */
export const describeTags: Operation<'DescribeTags'> = async (context, request) =>
  await context.read(async (reader) => {
    const rows = await listTagged(reader, context, request.Filters ?? []);
    const sorted = [...rows].sort((a, b) => (rowId(a) < rowId(b) ? -1 : 1));
    const found = filterItems(sorted, request.Filters, tagRowFilters);
    const { items, nextToken } = page(found, request, rowId);
    return { Tags: items.map(tagRowView), ...(nextToken ? { NextToken: nextToken } : {}) };
  });
