import { apiError, type MetadataReader, type RouteEntry, type RouteTable } from '@bakehouse/domain';
import { networkQuotas } from './quotas.ts';

const max = networkQuotas.routesPerTable;

async function routeWeight(reader: MetadataReader, { destination }: RouteEntry): Promise<number> {
  if (!destination.startsWith('pl-')) return 1;
  return (await reader.get('prefixList', destination))?.maxEntries ?? 0;
}

/** Refuses a table with more routes than it may have. One to a prefix list counts with all the entries that the list may have. */
export async function checkRouteCount(
  reader: MetadataReader,
  { id, routes }: Pick<RouteTable, 'id' | 'routes'>,
): Promise<void> {
  let count = 0;
  for (const route of routes) count += await routeWeight(reader, route);
  if (count > max) throw apiError('RouteLimitExceeded', { max, of: `route table ${id}` });
}
