import type { MetadataStore } from '@bakehouse/domain';
import { aKeyPair, startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ActiveStore, openActiveStore } from './open-active.ts';
import { startProxy } from './proxy.ts';

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

async function elect(through = url): Promise<MetadataStore> {
  const active = await openActiveStore({ url: through, leaseMs: 60_000 });
  opened.push(active);
  return active.store;
}

/** Counts up, and notes each number beside it: a write that is run twice or lost would show. */
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

/** The server notes each commit's number: the records do not show a commit that is made twice. */
const noteCommits = `
  CREATE TABLE made_commit (number bigint NOT NULL);
  CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO public.made_commit VALUES (NEW.commits); RETURN NULL; END';
  CREATE TRIGGER note_commit AFTER UPDATE OF commits ON bakehouse.writer
    FOR EACH ROW EXECUTE FUNCTION note_commit()`;

async function expectEachCommitOnce(): Promise<void> {
  const numbers = await postgres.sql(url, 'SELECT number FROM made_commit ORDER BY number');
  const [last] = await postgres.sql(url, 'SELECT commits FROM bakehouse.writer');
  const first = Number(last) - numbers.length + 1;
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers.map(Number)).toEqual(numbers.map((_, at) => first + at));
}

const connections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'bakehouse' AND pid <> pg_backend_pid()`;

/** Disturbs four writers, which go on; `progress` waits for so many more writes. Nothing is lost or repeated. */
async function disturbWriters(
  disturb: (progress: (writes: number) => Promise<void>) => Promise<void>,
  through = url,
) {
  const store = await elect(through);
  await postgres.sql(url, noteCommits);
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
  await expectEachCommitOnce();
}

test('connections that the server ends under load lose and repeat nothing', () =>
  disturbWriters(async (progress) => {
    let ended = 0;
    while (ended < 15) {
      ended += (await postgres.sql(url, connections)).length;
      await progress(3);
    }
  }));

test.each([
  ['before the server gets it', 'client'],
  ['before its reply arrives', 'server'],
] as const)('a commit whose connection is lost %s is made once', async (_, cutFrom) => {
  const proxy = await startProxy(url);
  const disturb = async (progress: (writes: number) => Promise<void>) => {
    let commits = 0;
    // Every second one, so that writes get through.
    proxy.judge((data, from) => {
      if (from !== cutFrom || !data.includes('COMMIT\0')) return 'pass';
      commits += 1;
      return commits % 2 === 0 ? 'cut' : 'pass';
    });
    while (commits < 8) await progress(1);
    proxy.judge(() => 'pass');
  };
  await disturbWriters(disturb, proxy.url);
});

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
