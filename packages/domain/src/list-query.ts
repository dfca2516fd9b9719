import type { RecordQuery, ValueRange } from './ports/metadata-store.ts';
import { type RecordKind, type RecordKinds, recordIndexes } from './record-kinds.ts';

/** `recordIndexes`, for a caller that does not know the kind at compile time. */
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

/** One condition of a query: the record has one of these values, or one in these ranges, in the index. */
export type QueryTerm =
  | { readonly name: string; readonly values: readonly string[] }
  | { readonly name: string; readonly ranges: readonly ValueRange[] };

/** The conditions of a query. An index that is named without values or ranges does not restrict. */
export function queryTerms<K extends RecordKind>(query: RecordQuery<K>): readonly QueryTerm[] {
  const where = Object.entries<readonly string[] | undefined>({ ...query.where });
  const ranges = Object.entries<readonly ValueRange[] | undefined>({ ...query.ranges });
  return [
    ...where.flatMap(([name, values]) =>
      values === undefined ? [] : [{ name, values: distinct(values) }],
    ),
    ...ranges.flatMap(([name, each]) => (each === undefined ? [] : [{ name, ranges: each }])),
  ];
}

/** The values that a record is found under in one index, each once. Throws when the kind has no such index. */
export function valuesUnder<K extends RecordKind>(
  kind: K,
  name: string,
): (record: RecordKinds[K]) => readonly string[] {
  const valuesOf = Object.hasOwn(definitions[kind], name) ? definitions[kind][name] : undefined;
  if (!valuesOf) throw new TypeError(`records of kind ${kind} have no index '${name}'`);
  return (record) => distinct(valuesOf(record));
}

/** What a query means, as a predicate. Throws for an index that the kind does not have. */
export function queryPredicate<K extends RecordKind>(
  kind: K,
  query: RecordQuery<K>,
): (record: RecordKinds[K]) => boolean {
  const terms = queryTerms(query).map((term) => {
    const valuesOf = valuesUnder(kind, term.name);
    const matches = valueTest(term);
    return (record: RecordKinds[K]) => valuesOf(record).some(matches);
  });
  return (record) =>
    (query.region === undefined || regionOf(record) === query.region) &&
    terms.every((term) => term(record));
}

function valueTest(term: QueryTerm): (value: string) => boolean {
  if ('values' in term) {
    const wanted = new Set(term.values);
    return (value) => wanted.has(value);
  }
  return (value) => term.ranges.some((range) => isInRange(value, range));
}

function isInRange(value: string, { from, below }: ValueRange): boolean {
  return (
    (from === undefined || compareCodePoints(value, from) >= 0) &&
    (below === undefined || compareCodePoints(value, below) < 0)
  );
}

/**
 * Orders text by Unicode code points, as databases that compare UTF-8 bytes do. JavaScript's own order differs for what
 * lies outside the Basic Multilingual Plane.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    // The second half of a surrogate pair is compared as the character that it is a part of.
    const start = endsPair(a, at) || endsPair(b, at) ? at - 1 : at;
    return (a.codePointAt(start) ?? 0) - (b.codePointAt(start) ?? 0);
  }
  return a.length - b.length;
}

const endsPair = (text: string, at: number) =>
  (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;

const lastCodePoint = 0x10ffff;

/** The values that begin with a prefix. */
export function prefixRange(prefix: string): ValueRange {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === lastCodePoint) points.pop();
  const last = points.pop();
  if (last === undefined) return { from: prefix };
  return { from: prefix, below: String.fromCodePoint(...points, last + 1) };
}

function distinct(values: string | undefined | readonly string[]): readonly string[] {
  if (values === undefined) return [];
  if (typeof values === 'string') return [values];
  return values.length < 2 ? values : [...new Set(values)];
}
