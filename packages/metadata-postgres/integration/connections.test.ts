import type { MetadataStore } from '@bakehouse/domain';
import { aKeyPair, startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ActiveStore, openActiveStore } from './open-active.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres[Symbol.asyncDispose]());

let url: string;
let opened: ActiveStore[];
beforeEach(async () => {
  url = await postgres.createDatabase();
  opened = [];
});
afterEach(() => Promise.all(opened.map((each) => each.close())));

async function elect(): Promise<MetadataStore> {
  const active = await openActiveStore({ url, leaseMs: 60_000 });
  opened.push(active);
  return active.store;
}

/** Counts up, and notes each number beside it: a write that is made twice or lost would show. */
const countUp = (store: MetadataStore) =>
  store.write(async (tx) => {
    const before = Number((await tx.get('setting', 'count'))?.value ?? 0);
    await tx.put('setting', { id: 'count', value: before + 1 });
    await tx.put('setting', { id: `number-${before + 1}`, value: true });
    return before + 1;
  });

/** How far was counted; every number up to it must have been noted. */
async function counted(store: MetadataStore): Promise<number> {
  return await store.read(async (tx) => {
    const count = Number((await tx.get('setting', 'count'))?.value ?? 0);
    expect(await tx.count('setting')).toBe(count + 1);
    return count;
  });
}

const connections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'bakehouse' AND pid <> pg_backend_pid()`;

/** Disturbs four writers, which go on; `progress` waits for so many more writes. Nothing is lost or repeated. */
async function disturbWriters(
  disturb: (progress: (writes: number) => Promise<void>) => Promise<void>,
) {
  const store = await elect();
  let isWriting = true;
  const acknowledged: number[] = [];
  const count = async () => {
    acknowledged.push(await countUp(store));
  };
  const writing = Array.from({ length: 4 }, async () => {
    while (isWriting) await count();
  });
  await disturb(async (writes) => {
    const goal = acknowledged.length + writes;
    while (acknowledged.length < goal) await count();
  });
  isWriting = false;
  await Promise.all(writing);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);
  expect(await counted(store)).toBe(acknowledged.length);
}

test('connections that end at any moment lose and repeat nothing', () =>
  disturbWriters(async (progress) => {
    let ended = 0;
    while (ended < 15) {
      ended += (await postgres.sql(url, connections)).length;
      await progress(3);
    }
  }));

test('a database server that crashes under load keeps what was acknowledged', () =>
  disturbWriters(async (progress) => {
    for (let crashes = 0; crashes < 2; crashes += 1) {
      await postgres.crash();
      await progress(10);
    }
  }));

test('what the cache has is what the database has, after connections were lost', async () => {
  const store = await elect();
  for (let round = 0; round < 8; round += 1) {
    const write = store.write((tx) => tx.put('keyPair', aKeyPair({ name: `${round}` })));
    await postgres.sql(url, connections);
    await write;
    const [record] = await store.read((tx) => tx.list('keyPair'));
    const [body = '{}'] = await postgres.sql(url, 'SELECT body FROM bakehouse.record');
    expect([record?.name, JSON.parse(body).name]).toEqual([`${round}`, `${round}`]);
  }
});
