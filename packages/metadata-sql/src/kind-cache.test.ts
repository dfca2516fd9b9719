import { type KeyPair, type ListQuery, queryPredicate } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KindCache, sortedById } from './kind-cache.ts';

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
  },
  { requiredKeys: [] },
);
const aChange = fc.oneof(
  aKeyPair.map((record) => ({ put: record })),
  aKeyPair.map(({ id }) => ({ delete: id })),
);

test('a query of held records finds what its predicate says, before and after changes', () => {
  fc.assert(
    fc.property(
      fc.array(aKeyPair),
      fc.array(fc.tuple(aQuery, fc.array(aChange)), { minLength: 1 }),
      (given, rounds) => {
        const cache = new KindCache('keyPair');
        const records = new Map(given.map((record) => [record.id, record]));
        for (const record of records.values()) cache.set(record.id, record, 1);
        cache.markComplete();
        for (const [query, changes] of rounds) {
          const matching = [...records.values()].filter(queryPredicate('keyPair', query));
          expect(cache.select(query)).toEqual(sortedById(matching));
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
  const query = { where: { colour: ['blue'] } } as ListQuery<'keyPair'>;
  expect(() => cache.select(query)).toThrow(TypeError);
});

test('records that are not all held are not selected from', () => {
  const cache = new KindCache('keyPair');
  expect(cache.select({})).toBeUndefined();
});
