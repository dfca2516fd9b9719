import {
  type ListQuery,
  type QueryTerm,
  queryPredicate,
  queryTerms,
  type RecordKind,
  type RecordKinds,
  type RecordPage,
  type RecordQuery,
} from '@bakehouse/domain';
import { deepFreeze } from './deep-freeze.ts';
import type { DecodedRecord } from './record-cache.ts';
import type { Awaitable, IndexTerm, RecordDatabase, StoredRecord } from './record-database.ts';
import { canBeId, placeAmongIds } from './record-ids.ts';

/** What a `MetadataReader` offers, from memory at once or from a database later. */
export interface RecordSource {
  get<K extends RecordKind>(kind: K, id: string): Awaitable<RecordKinds[K] | undefined>;
  getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Awaitable<readonly (RecordKinds[K] | undefined)[]>;
  list<K extends RecordKind>(kind: K, query: ListQuery<K>): Awaitable<readonly RecordKinds[K][]>;
  page<K extends RecordKind>(
    kind: K,
    query: ListQuery<K> & { readonly limit: number },
  ): Awaitable<RecordPage<K>>;
  count<K extends RecordKind>(kind: K, query: RecordQuery<K>): Awaitable<number>;
}

/** Decoded records that need not be read again. */
export interface RecordMemory {
  recall<K extends RecordKind>(kind: K, id: string): RecordKinds[K] | undefined;
  keep<K extends RecordKind>(kind: K, decoded: DecodedRecord<K>): void;
}

const noMemory: RecordMemory = { recall: () => undefined, keep: () => {} };

interface Limits {
  /** A term with at most so many ids gives all candidates at once; others are walked in order. */
  readonly narrowMax: number;
  /** Bounds the records that one page looks at on a walk. */
  readonly lookMax: number;
  /** How many records are read from the database together. */
  readonly chunk: { readonly min: number; readonly max: number };
}

const usualLimits: Limits = { narrowMax: 1_000, lookMax: 2_000, chunk: { min: 50, max: 500 } };

type PageQuery<K extends RecordKind> = ListQuery<K> & { readonly limit: number };

interface Candidate<K extends RecordKind> {
  readonly id: string;
  readonly record: RecordKinds[K] | undefined;
}

/** The next ones after an id, in order of id; fewer than asked for only at the end. */
type Walk<Item> = (after: string, limit: number) => Promise<readonly Item[]>;

/** Where a page's records come from: ids of all that can match, or a walk that has them all. */
type Candidates<K extends RecordKind> =
  | { readonly all: readonly string[] }
  | { readonly next: Walk<Candidate<K>> };

/** The records of a database, read by whichever index leaves the fewest. */
export class DatabaseRecords implements RecordSource {
  readonly #database: RecordDatabase;
  readonly #memory: RecordMemory;
  readonly #limits: Limits;

  constructor(
    database: RecordDatabase,
    options: { readonly memory?: RecordMemory; readonly limits?: Limits } = {},
  ) {
    this.#database = database;
    this.#memory = options.memory ?? noMemory;
    this.#limits = options.limits ?? usualLimits;
  }

  get<K extends RecordKind>(kind: K, id: string): Awaitable<RecordKinds[K] | undefined> {
    if (!canBeId(id)) return undefined;
    return whenReady(
      this.#database.find(kind, [id]),
      ([stored]) => stored && this.#decode(kind, stored),
    );
  }

  getMany<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
  ): Awaitable<readonly (RecordKinds[K] | undefined)[]> {
    const found = new Map<string, RecordKinds[K]>();
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      const known = this.#memory.recall(kind, id);
      if (known) found.set(id, known);
      else if (canBeId(id)) unknown.push(id);
    }
    return whenReady(this.#database.find(kind, unknown), (stored) => {
      for (const each of stored) found.set(each.id, this.#decode(kind, each));
      return ids.map((id) => found.get(id));
    });
  }

  async list<K extends RecordKind>(
    kind: K,
    query: ListQuery<K>,
  ): Promise<readonly RecordKinds[K][]> {
    const found: RecordKinds[K][] = [];
    const { limit = Number.POSITIVE_INFINITY } = query;
    let after = query.after;
    do {
      const rest = { limit: limit - found.length, ...(after === undefined ? {} : { after }) };
      const page = await this.page(kind, { ...query, ...rest });
      for (const record of page.records) found.push(record);
      after = page.next;
    } while (after !== undefined && found.length < limit);
    return found;
  }

  async page<K extends RecordKind>(kind: K, query: PageQuery<K>): Promise<RecordPage<K>> {
    const matches = queryPredicate(kind, query);
    const candidates = await this.#candidates(kind, query);
    if ('all' in candidates) return await this.#choose(kind, candidates.all, query);
    const records: RecordKinds[K][] = [];
    let after = placeAmongIds(query.after ?? '');
    for (let looked = 0; looked < this.#limits.lookMax && records.length < query.limit; ) {
      const wanted = this.#chunkOf(query.limit - records.length);
      const found = await candidates.next(after, wanted);
      for (const { id, record } of found) {
        if (records.length === query.limit) return { records, next: after };
        if (record && matches(record)) records.push(record);
        after = id;
      }
      if (found.length < wanted) return { records };
      looked += found.length;
    }
    return { records, next: after };
  }

  async count<K extends RecordKind>(kind: K, query: RecordQuery<K>): Promise<number> {
    const [term, ...more] = queryTerms(query);
    if (!term && query.region === undefined) {
      return await this.#database.count(kind, Number.MAX_SAFE_INTEGER);
    }
    if (term && more.length === 0 && 'values' in term && term.values.length === 1) {
      queryPredicate(kind, query);
      const indexTerm = indexTermOf(kind, term, query.region);
      return await this.#database.countIndex(indexTerm, Number.MAX_SAFE_INTEGER);
    }
    return (await this.list(kind, query)).length;
  }

  /** The first of all candidates that match. */
  async #choose<K extends RecordKind>(
    kind: K,
    ids: readonly string[],
    query: PageQuery<K>,
  ): Promise<RecordPage<K>> {
    const { after = '', limit } = query;
    const { max } = this.#limits.chunk;
    const matches = queryPredicate(kind, query);
    const sorted = [...new Set(ids)].filter((id) => id > after).sort();
    const records: RecordKinds[K][] = [];
    let last = after;
    for (let from = 0; from < sorted.length; from += max) {
      for (const record of await this.getMany(kind, sorted.slice(from, from + max))) {
        if (records.length === limit) return { records, next: last };
        if (!record || !matches(record)) continue;
        records.push(record);
        last = record.id;
      }
    }
    return { records };
  }

  /** All candidates where an index leaves few, else a walk along the best index, or through the whole kind. */
  async #candidates<K extends RecordKind>(kind: K, query: RecordQuery<K>): Promise<Candidates<K>> {
    const { narrowMax } = this.#limits;
    const terms = queryTerms(query).map((term) => indexTermOf(kind, term, query.region));
    const best = terms.length < 2 ? terms[0] : await this.#narrowest(terms);
    if (best) {
      const all = await this.#database.idsUnder(best, narrowMax + 1);
      if (all.length <= narrowMax) return { all };
    }
    const walked = [best, ...terms].find((term) => term !== undefined && hasValues(term));
    const next = walked && hasValues(walked) ? await this.#walker(walked) : undefined;
    return { next: next ? this.#recordsOf(kind, next) : (...where) => this.#walk(kind, ...where) };
  }

  async #walk<K extends RecordKind>(
    kind: K,
    after: string,
    limit: number,
  ): Promise<readonly Candidate<K>[]> {
    const stored = await this.#database.walk(kind, after, limit);
    return stored.map((each) => ({
      id: each.id,
      record: this.#memory.recall(kind, each.id) ?? this.#decode(kind, each),
    }));
  }

  #recordsOf<K extends RecordKind>(kind: K, next: Walk<string>): Walk<Candidate<K>> {
    return async (after, limit) => {
      const ids = await next(after, limit);
      const records = await this.getMany(kind, ids);
      return ids.map((id, index) => ({ id, record: records[index] }));
    };
  }

  /** The term with the fewest ids; undefined when all have many. */
  async #narrowest(terms: readonly IndexTerm[]): Promise<IndexTerm | undefined> {
    let fewest = this.#limits.narrowMax + 1;
    let best: IndexTerm | undefined;
    for (const term of terms) {
      const count = await this.#database.countIndex(term, fewest);
      if (count < fewest) [fewest, best] = [count, term];
    }
    return best;
  }

  /** Ids in order under any of the term's values: the first of each, merged. */
  async #walker(term: ValuesTerm): Promise<Walk<string>> {
    const { kind, name, wanted } = term;
    const sources: { kind: RecordKind; name: string; value: string; region: string }[] = [];
    for (const value of wanted.values) {
      const under = { kind, name, value };
      const regions =
        term.region === undefined ? await this.#database.regionsUnder(under) : [term.region];
      for (const region of regions) sources.push({ ...under, region });
    }
    return async (after, limit) => {
      const found = new Set<string>();
      for (const source of sources) {
        for (const id of await this.#database.walkIndex(source, after, limit)) found.add(id);
      }
      return [...found].sort().slice(0, limit);
    };
  }

  #chunkOf(wanted: number): number {
    const { min, max } = this.#limits.chunk;
    return Math.min(max, Math.max(min, wanted));
  }

  #decode<K extends RecordKind>(kind: K, { body }: StoredRecord): RecordKinds[K] {
    const record: RecordKinds[K] = deepFreeze(JSON.parse(body));
    this.#memory.keep(kind, { record, sizeChars: body.length });
    return record;
  }
}

type ValuesTerm = IndexTerm & { readonly wanted: { readonly values: readonly string[] } };
const hasValues = (term: IndexTerm): term is ValuesTerm => 'values' in term.wanted;

function indexTermOf(kind: RecordKind, term: QueryTerm, region: string | undefined): IndexTerm {
  const wanted = 'values' in term ? { values: term.values } : { ranges: term.ranges };
  return { kind, name: term.name, wanted, region };
}

/** What follows from a value: at once, if it is there. */
function whenReady<Value, Result>(
  value: Awaitable<Value>,
  use: (value: Value) => Result,
): Awaitable<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
