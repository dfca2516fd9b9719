import { everyRegion, isInRegion, type MetadataReader, type Tags } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import type { Filter } from '../../filters/filter.ts';
import { isWildcard } from '../../filters/wildcard.ts';
import { partTags, vpcParts } from '../../network/vpc-parts.ts';
import type { TagRow } from '../../views/tag.ts';
import { partTypes, recordTypes, type TaggableKind, vpcsOf } from './taggable.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

interface Tagged {
  readonly id: string;
  readonly type: string;
  readonly tags: Tags;
}

const rowsOf = ({ id, type, tags }: Tagged): TagRow[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value, resourceId: id, resourceType: type }));

/** A filter's values where they are exact, for narrowing what is read. */
function exactValues(filters: readonly Filter[], name: string): readonly string[] | undefined {
  const values = filters.find((filter) => filter.Name === name)?.Values ?? [];
  if (values.length === 0 || values.some(isWildcard)) return undefined;
  return values;
}

async function recordsOf(
  reader: MetadataReader,
  scope: Scope,
  { kind, filters }: { kind: TaggableKind; filters: readonly Filter[] },
): Promise<readonly { id: string; tags: Tags }[]> {
  const ids = exactValues(filters, 'resource-id');
  if (!ids) {
    const tagKey = exactValues(filters, 'key');
    const where = { owner: [scope.accountId], ...(tagKey ? { tagKey } : {}) };
    const here = await reader.list(kind, { region: scope.region, where });
    // Images of a seed are one record for all regions, and so are their tags.
    return [...here, ...(await reader.list(kind, { region: everyRegion, where }))];
  }
  const records = [];
  for (const id of new Set(ids)) {
    const record = await reader.get(kind, id);
    if (record?.ownerId === scope.accountId && isInRegion(record, scope.region))
      records.push(record);
  }
  return records;
}

/** The caller's tags that the filters may let through: few where the filters name ids, types or keys. */
export async function listTagged(
  reader: MetadataReader,
  scope: Scope,
  filters: readonly Filter[],
): Promise<readonly TagRow[]> {
  const types = exactValues(filters, 'resource-type');
  const isWanted = ({ type }: { type: string }) => !types || types.includes(type);
  const rows: TagRow[] = [];
  for (const { kind, type } of recordTypes.filter(isWanted)) {
    for (const { id, tags } of await recordsOf(reader, scope, { kind, filters })) {
      rows.push(...rowsOf({ id, type, tags }));
    }
  }
  for (const vpc of await vpcsOf(reader, scope)) {
    for (const { part, type } of partTypes.filter(isWanted)) {
      const id = vpcParts(vpc)[part];
      rows.push(...rowsOf({ id, type, tags: partTags(vpc, id) }));
    }
  }
  return rows;
}
