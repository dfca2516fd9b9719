import type { ListQuery } from './ports/metadata-store.ts';
import { type RecordKind, type RecordKinds, recordIndexes } from './record-kinds.ts';

/** `recordIndexes`, seen by a caller that does not know the kind beforehand. */
export type IndexDefinitions = {
  readonly [K in RecordKind]: Readonly<
    Record<string, (record: RecordKinds[K]) => string | undefined | readonly string[]>
  >;
};

const definitions: IndexDefinitions = recordIndexes;

export const recordKinds = Object.keys(recordIndexes) as readonly RecordKind[];

export function isRecordKind(text: string): text is RecordKind {
  return Object.hasOwn(recordIndexes, text);
}

/** The region that a record belongs to; `''` for the kinds that belong to none. */
export function regionOf(record: object): string {
  return 'region' in record && typeof record.region === 'string' ? record.region : '';
}

/** Each `[index name, value]` that a record is found under, once. */
export function indexValues<K extends RecordKind>(
  kind: K,
  record: RecordKinds[K],
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(definitions[kind]).flatMap(([name, valuesOf]) =>
    distinct(valuesOf(record)).map((value) => [name, value] as const),
  );
}

/** The named indexes of a query with their values; an index without a list of values does not restrict. */
export function queryTerms<K extends RecordKind>(
  query: ListQuery<K>,
): readonly (readonly [name: string, values: readonly string[]])[] {
  return Object.entries<readonly string[] | undefined>({ ...query.where }).flatMap(
    ([name, values]) => (values === undefined ? [] : [[name, values] as const]),
  );
}

/** The values that a record is found under in one index, each once; throws when the kind has no such index. */
export function valuesUnder<K extends RecordKind>(
  kind: K,
  name: string,
): (record: RecordKinds[K]) => readonly string[] {
  const valuesOf = definitions[kind][name];
  if (!valuesOf) throw new TypeError(`records of kind ${kind} have no index '${name}'`);
  return (record) => distinct(valuesOf(record));
}

/** What `ListQuery` means, as a predicate; it throws for an index that the kind does not have. */
export function queryPredicate<K extends RecordKind>(
  kind: K,
  query: ListQuery<K>,
): (record: RecordKinds[K]) => boolean {
  const terms = queryTerms(query).map(([name, values]) => {
    const valuesOf = definitions[kind][name];
    if (!valuesOf) throw new TypeError(`records of kind ${kind} have no index '${name}'`);
    const wanted = new Set(values);
    return (record: RecordKinds[K]) => includesAny(wanted, valuesOf(record));
  });
  return (record) =>
    (query.region === undefined || regionOf(record) === query.region) &&
    terms.every((term) => term(record));
}

function includesAny(
  wanted: ReadonlySet<string>,
  values: string | undefined | readonly string[],
): boolean {
  if (values === undefined) return false;
  return typeof values === 'string' ? wanted.has(values) : values.some((v) => wanted.has(v));
}

function distinct(values: string | undefined | readonly string[]): readonly string[] {
  if (values === undefined) return [];
  if (typeof values === 'string') return [values];
  return values.length < 2 ? values : [...new Set(values)];
}
