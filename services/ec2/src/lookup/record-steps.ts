import type {
  MetadataReader,
  RecordKind,
  RecordKinds,
  RecordPage,
  RecordQuery,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { Step, StepsRequest } from '../request/paging.ts';

/** The records that a Describe operation may show: those that were named, or what any of some queries finds. */
export type Candidates<K extends RecordKind> =
  | { readonly named: readonly RecordKinds[K][] }
  | { readonly queries: readonly RecordQuery<K>[] };

/** What filters and views need of records: read for each on its own, or for all of a step together. */
export type ItemReader<K extends RecordKind, Item> =
  | {
      /** Undefined leaves the record out. */
      item(reader: MetadataReader, record: RecordKinds[K]): Promise<Item | undefined>;
    }
  | {
      /** One for each record, in order. */
      items(reader: MetadataReader, records: readonly RecordKinds[K][]): Promise<readonly Item[]>;
    };

export type RecordSteps<K extends RecordKind, Item> = ItemReader<K, Item> & {
  readonly kind: K;
  /** Refuses what the request names wrongly. */
  candidates(reader: MetadataReader): Promise<Candidates<K>>;
};

/** Reads records with their facts, each step in a transaction of its own. */
export function recordSteps<K extends RecordKind, Item>(
  context: Pick<OperationContext, 'read'>,
  { kind, candidates, ...itemReader }: RecordSteps<K, Item>,
): StepsRequest<Item>['read'] {
  let known: Candidates<K> | undefined;
  return async (after, count) => {
    const { step, source } = await context.read(async (reader) => {
      const from = known ?? (await candidates(reader));
      const page = await candidatePage(reader, kind, from, { after, limit: count });
      return { source: from, step: await withItems(reader, page, itemReader) };
    });
    known = source;
    return step;
  };
}

async function withItems<K extends RecordKind, Item>(
  reader: MetadataReader,
  { records, next }: RecordPage<K>,
  itemReader: ItemReader<K, Item>,
): Promise<Step<Item>> {
  const read = await itemsOf(reader, records, itemReader);
  const items = records.flatMap(({ id }, index) => {
    const item = read[index];
    return item === undefined ? [] : [{ id, item }];
  });
  return { items, ...(next === undefined ? {} : { next }) };
}

async function itemsOf<K extends RecordKind, Item>(
  reader: MetadataReader,
  records: readonly RecordKinds[K][],
  itemReader: ItemReader<K, Item>,
): Promise<readonly (Item | undefined)[]> {
  if ('items' in itemReader) return await itemReader.items(reader, records);
  const items: (Item | undefined)[] = [];
  for (const record of records) items.push(await itemReader.item(reader, record));
  return items;
}

/** The next candidates in order of id. */
export async function candidatePage<K extends RecordKind>(
  reader: MetadataReader,
  kind: K,
  candidates: Candidates<K>,
  { after, limit }: { after: string; limit: number },
): Promise<RecordPage<K>> {
  if ('named' in candidates) {
    const rest = candidates.named.filter(({ id }) => id > after);
    const last = rest[limit - 1];
    const records = rest.slice(0, limit);
    return { records, ...(last && rest.length > limit ? { next: last.id } : {}) };
  }
  const pages: RecordPage<K>[] = [];
  for (const query of candidates.queries) {
    pages.push(await reader.page(kind, { ...query, after, limit }));
  }
  return union(pages);
}

/** The records that any of the pages has, as far as all of them reach. */
function union<K extends RecordKind>(pages: readonly RecordPage<K>[]): RecordPage<K> {
  const [only, ...others] = pages;
  if (only && others.length === 0) return only;
  const ends = pages.flatMap(({ next }) => (next === undefined ? [] : [next])).sort();
  const [next] = ends;
  const byId = new Map<string, RecordKinds[K]>();
  for (const { records } of pages) {
    for (const record of records) {
      if (next === undefined || record.id <= next) byId.set(record.id, record);
    }
  }
  const records = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { records, ...(next === undefined ? {} : { next }) };
}
