import {
  everyRegion,
  type Image,
  type MetadataReader,
  type Snapshot,
  type Tags,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import type { Filter } from '../../filters/filter.ts';
import { isWildcard } from '../../filters/wildcard.ts';
import { isSharedWith } from '../../lookups.ts';
import { partTags, vpcParts } from '../../network/vpc-parts.ts';
import { ownTags } from '../../own-tags.ts';
import type { TagRow } from '../../views/tag.ts';
import { findTaggable, partTypes, recordTypes, type TaggableKind, vpcsOf } from './taggable.ts';

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
    const seeded = await reader.list(kind, { region: everyRegion, where });
    return [...here, ...seeded, ...(await ofOthers(reader, scope, kind))];
  }
  const records = [];
  for (const id of new Set(ids)) {
    const tags = (await findTaggable(reader, scope, { kind, id }))?.tags;
    if (tags) records.push({ id, tags });
  }
  return records;
}

/** What other accounts share with the caller, with the caller's tags. */
async function ofOthers(reader: MetadataReader, scope: Scope, kind: TaggableKind) {
  if (kind !== 'image' && kind !== 'snapshot') return [];
  const { accountId } = scope;
  const where = { tagger: [accountId] };
  const found: (Image | Snapshot)[] = [];
  for (const region of [scope.region, everyRegion]) {
    found.push(...(await reader.list(kind, { region, where })));
  }
  return found
    .filter((record) => isSharedWith(record, accountId))
    .map((record) => ({ id: record.id, tags: ownTags(record, accountId) }));
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
