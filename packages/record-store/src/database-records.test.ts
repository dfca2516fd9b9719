import { type ListQuery, prefixRange, queryPredicate, type RecordKinds } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DatabaseRecords } from './database-records.ts';
import { MemoryDatabase } from './testing/memory-database.ts';

type KeyPair = RecordKinds['keyPair'];

const few = fc.constantFrom('a', 'b', 'c');
const aKeyPair: fc.Arbitrary<KeyPair> = fc
  .record({
    id: fc.integer({ min: 0, max: 60 }).map((number) => `key-${number}` as const),
    ownerId: few,
    region: few,
    tags: fc.dictionary(few, few, { maxKeys: 2, noNullPrototype: true }),
    name: few,
  })
  .map((some) => ({ ...some, createdAt: 0, keyType: 'rsa', fingerprint: '', publicKey: '' }));
const aQuery: fc.Arbitrary<ListQuery<'keyPair'>> = fc.record(
  {
    region: few,
    after: fc.constantFrom('', 'key-2', 'key-31', 'key-9'),
    where: fc.record(
      { owner: fc.array(few), name: fc.array(few), tagKey: fc.array(few) },
      { requiredKeys: [] },
    ),
    ranges: fc.record(
      {
        name: fc.array(fc.record({ from: few, below: few }, { requiredKeys: [] })),
        tag: fc.array(few.map(prefixRange)),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
/** So small that every way to find records is taken. */
const someLimits = fc.record({
  narrowMax: fc.integer({ min: 0, max: 20 }),
  lookMax: fc.integer({ min: 1, max: 20 }),
  chunk: fc.integer({ min: 1, max: 4 }).map((min) => ({ min, max: 4 })),
});

function databaseOf(records: readonly KeyPair[]): MemoryDatabase {
  const database = new MemoryDatabase();
  const put = records.map((record) => {
    return { kind: 'keyPair' as const, id: record.id, body: JSON.stringify(record) };
  });
  database.commit({ clear: [], put, remove: [], removeIndex: [], addIndex: [] });
  return database;
}

test('a query finds what its predicate says, whole, limited, counted and by pages', async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(aKeyPair, { selector: ({ id }) => id }),
    aQuery,
    someLimits,
    fc.integer({ min: 1, max: 9 }),
    async (given, query, limits, limit) => {
      const records = new DatabaseRecords(databaseOf(given), { limits });
      const { after = '', ...condition } = query;
      const matching = given.filter(queryPredicate('keyPair', query));
      const expected = matching
        .filter(({ id }) => id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(await records.list('keyPair', query)).toEqual(expected);
      const limited = await records.list('keyPair', { ...query, limit });
      expect(limited).toEqual(expected.slice(0, limit));
      expect(await records.count('keyPair', condition)).toBe(matching.length);
      const walked: KeyPair[] = [];
      for (let next: string | undefined = after; next !== undefined; ) {
        const page: Awaited<ReturnType<typeof records.page<'keyPair'>>> = await records.page(
          'keyPair',
          { ...query, after: next, limit },
        );
        expect(page.records.length).toBeLessThanOrEqual(limit);
        walked.push(...page.records);
        next = page.next;
      }
      expect(walked).toEqual(expected);
    },
  );
  await fc.assert(property, { numRuns: 500 });
});

test('the work of one page is bounded, however few of many records match', async () => {
  const many = Array.from(
    { length: 4_000 },
    (_, index): KeyPair => ({
      id: `key-${index}`,
      ownerId: index % 2 ? 'odd' : 'even',
      region: 'us-east-1',
      tags: { parity: index % 2 ? 'odd' : 'even' },
      name: `name-${index}`,
      createdAt: 0,
      keyType: 'rsa',
      fingerprint: '',
      publicKey: '',
    }),
  );
  const limits = { narrowMax: 50, lookMax: 100, chunk: { min: 10, max: 20 } };
  const queries: ListQuery<'keyPair'>[] = [
    {},
    { region: 'eu-west-1' },
    { where: { owner: ['odd'] } },
    // Each alone has half of all records, together they have none.
    { where: { owner: ['odd'], tag: ['parity=even'] } },
    { where: { owner: ['odd', 'even'] }, ranges: { name: [prefixRange('name-')] } },
    { ranges: { name: [prefixRange('name-3999')] } },
  ];
  for (const query of queries) {
    const database = databaseOf(many);
    await new DatabaseRecords(database, { limits }).page('keyPair', { ...query, limit: 1_000 });
    expect([query, database.rowsRead <= 500]).toEqual([query, true]);
  }
});
