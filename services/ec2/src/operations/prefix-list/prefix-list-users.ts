import type { MetadataReader } from '@bakehouse/domain';
import { rulesOf } from '../../network/groups.ts';
import { checkRouteCount } from '../../network/route-count.ts';
import { checkRuleCount } from '../../network/rule-count.ts';

async function usersOf(reader: MetadataReader, prefixListId: string) {
  const where = { prefixList: [prefixListId] };
  const rules = await reader.list('securityGroupRule', { where });
  const groupIds = new Set(rules.map(({ groupId }) => groupId));
  return { groupIds: [...groupIds], tables: await reader.list('routeTable', { where }) };
}

/** The ids of the security groups and route tables that refer to a prefix list, in order. */
export async function prefixListUsers(
  reader: MetadataReader,
  prefixListId: string,
): Promise<readonly string[]> {
  const { groupIds, tables } = await usersOf(reader, prefixListId);
  return [...groupIds, ...tables.map(({ id }) => id)].sort();
}

/** Refuses a list that may now have more entries than a group or route table that refers to it has room for. */
export async function checkRoomOfUsers(
  reader: MetadataReader,
  prefixListId: string,
): Promise<void> {
  const { groupIds, tables } = await usersOf(reader, prefixListId);
  for (const groupId of groupIds) await checkRuleCount(reader, await rulesOf(reader, groupId));
  for (const table of tables) await checkRouteCount(reader, table);
}
