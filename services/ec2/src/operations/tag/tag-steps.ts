import {
  everyRegion,
  isSharedWith,
  type MetadataReader,
  type RecordKinds,
  type RecordQuery,
  type Tags,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { Filter } from '../../filters/filter.ts';
import { isWildcard } from '../../filters/wildcard.ts';
import { type Candidates, candidatePage } from '../../lookup/record-steps.ts';
import type { Step, StepsRequest } from '../../request/paging.ts';
import { ownTags } from '../../request/tags.ts';
import type { TagRow } from '../../views/tag.ts';
import { isShareable, type RecordType, recordTypes, type TaggableKind } from './taggable.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** A filter's values where they are exact, for narrowing what is read. */
function exactValues(filters: readonly Filter[], name: string): readonly string[] | undefined {
  const values = filters.find((filter) => filter.Name === name)?.Values ?? [];
  if (values.length === 0 || values.some(isWildcard)) return undefined;
  return values;
}

/** Resource, then key: ids have no `/`. */
const rowId = ({ resourceId, key }: TagRow) => `${resourceId}/${key}`;

function rowsOf(resourceId: string, resourceType: string, tags: Tags) {
  return Object.entries(tags)
    .map(([key, value]): TagRow => ({ key, value, resourceId, resourceType }))
    .map((item) => ({ id: rowId(item), item }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What comes after every id with the prefix: ids go on with hexadecimal digits. */
const endOf = ({ prefix }: { prefix: string }) => `${prefix}-~`;

/**
 * Reads the caller's tags that the filters may let through, in order of resource and key: one type of resource after the
 * other, and few resources where the filters name ids, types or keys.
 */
export function tagSteps(
  context: Scope & Pick<OperationContext, 'read'>,
  filters: readonly Filter[],
): StepsRequest<TagRow>['read'] {
  const types = exactValues(filters, 'resource-type');
  const sources = recordTypes
    .filter(({ type }) => !types || types.includes(type))
    .sort((a, b) => (endOf(a) < endOf(b) ? -1 : 1));
  return (after, count) =>
    context.read(async (reader) => {
      for (const source of sources) {
        const from = { after, limit: count };
        const step = await sourceStep(reader, context, { source, filters, from });
        if (step.next !== undefined) return step;
        if (step.items.length > 0) return { ...step, next: endOf(source) };
      }
      return { items: [] };
    });
}

/** The next tags of one type of resource; none when the page goes on after it. */
async function sourceStep(
  reader: MetadataReader,
  scope: Scope,
  request: { source: RecordType; filters: readonly Filter[]; from: From },
): Promise<Step<TagRow>> {
  const { source, filters, from } = request;
  if (from.after >= endOf(source)) return { items: [] };
  const after = from.after.startsWith(`${source.prefix}-`) ? from.after : '';
  const within = { after, limit: from.limit };
  return await recordStep(reader, scope, { source, filters, from: within });
}

interface From {
  readonly after: string;
  readonly limit: number;
}

async function recordStep(
  reader: MetadataReader,
  scope: Scope,
  request: { source: RecordType; filters: readonly Filter[]; from: From },
): Promise<Step<TagRow>> {
  const { source, filters, from } = request;
  // A page may have ended between two tags of one resource.
  const [lastId = '', lastKey] = from.after.split('/', 2);
  const rest = lastKey === undefined ? undefined : await reader.get(source.kind, lastId);
  const candidates = await candidatesOf(reader, scope, { source, filters });
  const page = await candidatePage(reader, source.kind, candidates, { ...from, after: lastId });
  const items = [...(rest ? [rest] : []), ...page.records]
    .flatMap((record) => rowsOf(record.id, source.type, tagsSeenBy(record, scope)))
    .filter(({ id }) => id > from.after);
  return { items, ...(page.next === undefined ? {} : { next: page.next }) };
}

async function candidatesOf(
  reader: MetadataReader,
  scope: Scope,
  { source, filters }: { source: RecordType; filters: readonly Filter[] },
): Promise<Candidates<TaggableKind>> {
  const { kind, prefix } = source;
  const ids = exactValues(filters, 'resource-id');
  if (!ids) return { queries: queriesOf(scope, kind, exactValues(filters, 'key')) };
  const own = [...new Set(ids)].filter((id) => id.startsWith(`${prefix}-`)).sort();
  const found = await reader.getMany(kind, own);
  const isHere = ({ region }: { region: string }) =>
    region === scope.region || region === everyRegion;
  return { named: found.filter((record) => record !== undefined).filter(isHere) };
}

/** The caller's own, and what it has tagged of what others share with it. */
function queriesOf(
  { accountId, region }: Scope,
  kind: TaggableKind,
  keys: readonly string[] | undefined,
): readonly RecordQuery<TaggableKind>[] {
  const tagKey = keys ? { tagKey: keys } : {};
  const own = { owner: [accountId], ...tagKey };
  if (kind !== 'image' && kind !== 'snapshot') return [{ region, where: own }];
  const others = { tagger: [accountId], ...tagKey };
  // Images of a seed are one record for all regions, and so are their tags.
  const queries: readonly RecordQuery<'image' | 'snapshot'>[] = [region, everyRegion].flatMap(
    (each) => [
      { region: each, where: own },
      { region: each, where: others },
    ],
  );
  return queries as readonly RecordQuery<TaggableKind>[];
}

function tagsSeenBy(record: RecordKinds[TaggableKind], { accountId }: Scope): Tags {
  if (record.ownerId === accountId) return record.tags;
  return isShareable(record) && isSharedWith(record, accountId) ? ownTags(record, accountId) : {};
}
