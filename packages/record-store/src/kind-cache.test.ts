import { type KeyPair, type ListQuery, prefixRange, queryPredicate } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KindCache } from './kind-cache.ts';

const few = fc.constantFrom('a', 'b', 'c');
const aKeyPair: fc.Arbitrary<KeyPair> = fc
  .record({
    id: fc.integer({ min: 0, max: 40 }).map((number) => `key-${number}` as const),
    ownerId: few,
    region: few,
    tags: fc.dictionary(few, few, { maxKeys: 2, noNullPrototype: true }),
    name: few,
  })
  .map((some) => ({ ...some, createdAt: 0, keyType: 'rsa', fingerprint: '', publicKey: '' }));
const aQuery: fc.Arbitrary<ListQuery<'keyPair'>> = fc.record(
  {
    region: few,
    where: fc.record(
      {
        owner: fc.array(few),
        name: fc.array(few),
        tagKey: fc.array(few),
        tag: fc.array(fc.tuple(few, few).map((tag) => tag.join('='))),
      },
      { requiredKeys: [] },
    ),
    ranges: fc.record(
      {
        name: fc.array(fc.record({ from: few, below: few }, { requiredKeys: [] })),
        tag: fc.array(fc.tuple(few, few).map((tag) => prefixRange(tag.join('=')))),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const aChange = fc.oneof(
  aKeyPair.map((record) => ({ put: record })),
  aKeyPair.map(({ id }) => ({ delete: id })),
);

const inOrder = (a: KeyPair, b: KeyPair) => (a.id < b.id ? -1 : 1);

/** All pages of a query, each with at most so many records and looked at. */
function pages(
  cache: KindCache<'keyPair'>,
  query: ListQuery<'keyPair'>,
  limit: number,
  look: number,
) {
  const found: KeyPair[] = [];
  let after: string | undefined = '';
  while (after !== undefined) {
    const page = cache.select({ ...query, after, limit }, look);
    expect(page?.records.length).toBeLessThanOrEqual(limit);
    found.push(...(page?.records ?? []));
    after = page?.next;
  }
  return found;
}

test('a query of a complete kind finds what its predicate says, whole and by pages, before and after changes', () => {
  fc.assert(
    fc.property(
      fc.array(aKeyPair),
      fc.array(fc.tuple(aQuery, fc.array(aChange)), { minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      (given, rounds, limit, look) => {
        const cache = new KindCache('keyPair');
        const records = new Map(given.map((record) => [record.id, record]));
        for (const record of records.values()) cache.set(record.id, record, 1);
        cache.markComplete();
        for (const [query, changes] of rounds) {
          const matching = [...records.values()]
            .filter(queryPredicate('keyPair', query))
            .sort(inOrder);
          const whole = cache.select(query, Number.POSITIVE_INFINITY);
          expect(whole).toEqual({ records: matching });
          expect(cache.count(query)).toBe(matching.length);
          expect(pages(cache, query, limit, look)).toEqual(matching);
          for (const change of changes) {
            if ('put' in change) {
              records.set(change.put.id, change.put);
              cache.set(change.put.id, change.put, 1);
            } else {
              records.delete(change.delete);
              cache.delete(change.delete);
            }
          }
        }
      },
    ),
  );
});

test('an index that the kind does not have is refused', () => {
  const cache = new KindCache('keyPair');
  cache.markComplete();
  for (const query of [{ where: { colour: ['blue'] } }, { ranges: { colour: [] } }]) {
    expect(() => cache.select(query as ListQuery<'keyPair'>, 1)).toThrow(TypeError);
  }
});

test('nothing is selected from a kind that is not complete', () => {
  const cache = new KindCache('keyPair');
  expect(cache.select({}, 1)).toBeUndefined();
});

test('many values of one index are looked up and tested as few are', () => {
  const cache = new KindCache('keyPair');
  const number = (index: number) => String(index).padStart(4, '0');
  const records = Array.from(
    { length: 2000 },
    (_, index): KeyPair => ({
      id: `key-${number(index)}`,
      name: `name-${number(index)}`,
      ownerId: index % 2 === 0 ? 'even' : 'odd',
      region: 'a',
      tags: {},
      createdAt: 0,
      keyType: 'rsa',
      fingerprint: '',
      publicKey: '',
    }),
  );
  for (const record of records) cache.set(record.id, record, 1);
  cache.markComplete();
  const found = (name: readonly string[], limit?: number) =>
    cache
      .select({ where: { name, owner: ['odd'] }, ...(limit ? { limit } : {}) }, 2000)
      ?.records.map(({ name }) => name);
  const names = (count: number) => records.slice(0, count).map(({ name }) => name);
  const odd = (count: number) => names(count).filter((_, index) => index % 2 === 1);
  for (const count of [1, 8, 9, 100, 1999]) {
    expect(found(names(count))).toEqual(odd(count));
    expect(found(names(count), 3)).toEqual(odd(count).slice(0, 3));
  }
});
