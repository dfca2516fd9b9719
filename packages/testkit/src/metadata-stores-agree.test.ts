import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Image,
  type ListQuery,
  type MetadataReader,
  type MetadataStore,
  type MetadataTransaction,
  prefixRange,
  type RecordPage,
} from '@bakehouse/domain';
import { MemoryMetadataStore } from '@bakehouse/fakes';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anImage, aSnapshot } from './index.ts';

const idArbitrary = fc.constantFrom<Image['id'][]>('ami-1', 'ami-2', 'ami-3', 'ami-4', 'ami-5');
const nameArbitrary = fc.constantFrom('a', 'b', '\ud83d\ude00', '\ud83d', 'a\0', 'a\u0001');
const regionArbitrary = fc.constantFrom('us-east-1', 'us-west-2');

const imageArbitrary: fc.Arbitrary<Image> = fc
  .record({
    id: idArbitrary,
    name: nameArbitrary,
    region: regionArbitrary,
    state: fc.constantFrom('pending', 'available'),
    tags: fc.dictionary(nameArbitrary, nameArbitrary, { maxKeys: 3 }),
    launchPermissions: fc.record({
      everyone: fc.boolean(),
      accountIds: fc.array(fc.constantFrom('111111111111', '222222222222'), { maxLength: 3 }),
    }),
  })
  .map(anImage);

const queryArbitrary: fc.Arbitrary<ListQuery<'image'>> = fc.record(
  {
    region: regionArbitrary,
    where: fc.record(
      {
        name: fc.array(nameArbitrary, { maxLength: 3 }),
        state: fc.array(fc.constantFrom('pending', 'available'), { maxLength: 2 }),
        tagKey: fc.array(nameArbitrary, { maxLength: 2 }),
        sharedWith: fc.constantFrom(['111111111111'], ['333333333333', '222222222222']),
        public: fc.constant(['true']),
      },
      { requiredKeys: [] },
    ),
    ranges: fc.record(
      {
        name: fc.array(
          fc.record({ from: nameArbitrary, below: nameArbitrary }, { requiredKeys: [] }),
          { maxLength: 2 },
        ),
        tagKey: fc.array(nameArbitrary.map(prefixRange), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    after: idArbitrary,
    limit: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: [] },
);

const changeArbitrary = fc.oneof(
  { weight: 4, arbitrary: imageArbitrary.map((image) => ({ what: 'put', image }) as const) },
  { weight: 2, arbitrary: idArbitrary.map((id) => ({ what: 'delete', id }) as const) },
  { weight: 1, arbitrary: queryArbitrary.map((query) => ({ what: 'list', query }) as const) },
  { weight: 1, arbitrary: fc.constant({ what: 'throw' } as const) },
);
const stepArbitrary = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(fc.array(changeArbitrary, { maxLength: 4 }), { minLength: 1, maxLength: 4 })
      .map((writes) => ({ what: 'write together', writes }) as const),
  },
  { weight: 5, arbitrary: queryArbitrary.map((query) => ({ what: 'list', query }) as const) },
  { weight: 2, arbitrary: idArbitrary.map((id) => ({ what: 'get', id }) as const) },
  { weight: 1, arbitrary: fc.constant({ what: 'reset' } as const) },
  { weight: 1, arbitrary: fc.constant({ what: 'reopen' } as const) },
);
type Change = typeof changeArbitrary extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never;

test('the SQLite store gives the same results as the memory store, whatever is done to both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-metadata-'));
  const path = join(folder, 'metadata.sqlite');
  const steps = fc.array(stepArbitrary, { maxLength: 25 });
  const cacheLimits = fc.constantFrom(0, 2_000, 1_000_000);
  const agree = fc.asyncProperty(steps, cacheLimits, async (todo, cacheLimitChars) => {
    const open = () => openSqliteMetadataStore({ path, cacheLimitChars });
    const stores = { memory: new MemoryMetadataStore(), sqlite: await open() };
    try {
      for (const step of todo) {
        const expected = await perform(stores.memory, step);
        if (step.what === 'reopen') {
          await stores.sqlite.close();
          stores.sqlite = await open();
        }
        expect(await perform(stores.sqlite, step)).toEqual(expected);
      }
    } finally {
      await stores.sqlite.reset([]);
      await stores.sqlite.close();
    }
  });
  try {
    await fc.assert(agree, { numRuns: 60 });
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);

async function perform(store: MetadataStore, step: Step): Promise<unknown> {
  switch (step.what) {
    case 'write together':
      return await Promise.all(
        step.writes.map((changes) =>
          store.write((tx) => changeAll(tx, changes)).catch((error: Error) => error.message),
        ),
      );
    case 'list':
      return await store.read((tx) => found(tx, step.query));
    case 'get':
      return await store.read((tx) => tx.get('image', step.id));
    case 'reset':
      return await store.reset(['snapshot']);
    case 'reopen':
      return await store.read((tx) => everything(tx));
  }
}

/** Writes a snapshot too, so that a write is more than one record of one kind. */
async function changeAll(tx: MetadataTransaction, changes: readonly Change[]): Promise<unknown> {
  const seen: unknown[] = [];
  for (const change of changes) {
    if (change.what === 'throw') throw new Error('no');
    if (change.what === 'put') {
      await tx.put('image', change.image);
      await tx.put('snapshot', aSnapshot({ description: change.image.name }));
    }
    if (change.what === 'delete') await tx.delete('image', change.id);
    if (change.what === 'list') seen.push(await found(tx, change.query));
  }
  return [...seen, await everything(tx)];
}

/** What a query finds, by each way of asking. */
async function found(tx: MetadataReader, query: ListQuery<'image'>): Promise<unknown> {
  const { after, limit, ...condition } = query;
  const pages: Image[] = [];
  let next: string | undefined = after ?? '';
  while (next !== undefined && pages.length < 10) {
    const page: RecordPage<'image'> = await tx.page('image', { ...query, after: next, limit: 2 });
    pages.push(...page.records);
    next = page.next;
  }
  return [await tx.list('image', query), await tx.count('image', condition), pages];
}

async function everything(tx: MetadataReader): Promise<unknown> {
  return [await tx.list('image'), await tx.list('snapshot')];
}
