import { apiError, type MetadataReader, type RouteTable } from '@bakehouse/domain';
import { prefixListWeight } from './prefix-list-weight.ts';
import { networkQuotas } from './quotas.ts';

const max = networkQuotas.routesPerTable;

/** Refuses a table with more routes than it may have. One to a prefix list counts with all the entries that the list may have. */
export async function checkRouteCount(
  reader: MetadataReader,
  { id, routes }: Pick<RouteTable, 'id' | 'routes'>,
): Promise<void> {
  let count = 0;
  for (const { destination } of routes) {
    count += destination.startsWith('pl-') ? await prefixListWeight(reader, destination) : 1;
  }
  if (count > max) throw apiError('RouteLimitExceeded', { max, of: `route table ${id}` });
}
