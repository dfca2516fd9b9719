import type { MetadataReader } from '@bakehouse/domain';

/** The ids of the security groups and route tables that refer to a prefix list, in order. */
export async function prefixListUsers(
  reader: MetadataReader,
  prefixListId: string,
): Promise<readonly string[]> {
  const where = { prefixList: [prefixListId] };
  const rules = await reader.list('securityGroupRule', { where });
  const tables = await reader.list('routeTable', { where });
  return [
    ...new Set([...rules.map(({ groupId }) => groupId), ...tables.map(({ id }) => id)]),
  ].sort();
}
