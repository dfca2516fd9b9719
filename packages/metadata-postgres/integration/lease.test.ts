import { setTimeout } from 'node:timers/promises';
import type { MetadataStore } from '@bakehouse/domain';
import { aKeyPair, startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Elected, openPostgresPlatform, type PostgresPlatform } from '../src/index.ts';
import { PostgresClient } from '../src/postgres-client.ts';
import { leaseSql, writerSql } from '../src/sql.ts';
import { startProxy } from './proxy.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres[Symbol.asyncDispose]());

const leaseMs = 1_500;
const never = new AbortController().signal;

let url: string;
let platform: PostgresPlatform;
let opened: { store: MetadataStore; elected: Elected }[];
beforeEach(async () => {
  url = await postgres.createDatabase();
  platform = await openPostgresPlatform({ url, leaseMs });
  opened = [];
});
afterEach(async () => {
  for (const { store, elected } of opened) {
    await store.close();
    await elected.lease.release();
  }
});

async function elect(address = '') {
  const elected = await platform.candidate(address).elected(never);
  const store = await platform.openActive(elected);
  opened.push({ store, elected });
  return { store, elected, lease: elected.lease };
}

const put = (store: MetadataStore, name: string) =>
  store.write((tx) => tx.put('keyPair', aKeyPair({ name })));
const nameOf = async (store: MetadataStore) =>
  (await store.read((tx) => tx.get('keyPair', aKeyPair().id)))?.name;

/** Ends the lease in the database as running out does; its holder cannot renew it. */
const expire = () =>
  postgres.sql(
    url,
    "UPDATE bakehouse.leadership SET expires_at = '-infinity', owner = 'nobody' RETURNING epoch",
  );

test('of several candidates one is elected, and the others see where it is', async () => {
  const candidates = ['a', 'b', 'c'].map((address) => platform.candidate(address));
  const ending = new AbortController();
  const elections = candidates.map(async (candidate) => {
    const elected = await candidate.elected(ending.signal);
    return { candidate, elected };
  });
  const first = await Promise.race(elections);
  const others = candidates.filter((each) => each !== first.candidate);
  const address = ['a', 'b', 'c'][candidates.indexOf(first.candidate)];
  for (const other of others) {
    while (!other.holder) await setTimeout(20);
    expect(other.holder).toEqual({ epoch: first.elected.lease.epoch, address });
  }
  expect(first.elected.lease.isHeld()).toBe(true);
  ending.abort(new Error('enough'));
  const ends = await Promise.allSettled(elections);
  expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(2);
  await first.elected.lease.release();
});

test('a lease is kept for as long as it is renewed, and a released one is free at once', async () => {
  const first = await elect();
  const waiting = platform.candidate('').elected(never);
  let isElected = false;
  void waiting.then(() => {
    isElected = true;
  });
  for (const until = performance.now() + 2 * leaseMs; performance.now() < until; ) {
    await put(first.store, 'kept');
    expect([isElected, first.lease.isHeld()]).toEqual([false, true]);
  }
  await first.store.close();
  await first.lease.release();
  const second = await waiting;
  expect(second.lease.epoch).toBe(first.lease.epoch + 1);
  const store = await platform.openActive(second);
  opened.push({ store, elected: second });
  expect(await nameOf(store)).toBe('kept');
});

test('who has lost its lease can neither write nor read, and hears of it', async () => {
  const first = await elect();
  await put(first.store, 'first');
  await expire();
  const second = await elect();
  await put(second.store, 'second');
  await expect(put(first.store, 'late')).rejects.toMatchObject({
    name: 'MetadataStoreError',
    isUnavailable: true,
  });
  while (!first.lease.lost.aborted) await setTimeout(20);
  expect(first.lease.isHeld()).toBe(false);
  await expect(nameOf(first.store)).rejects.toMatchObject({ isUnavailable: true });
  expect(await nameOf(second.store)).toBe('second');
});

test('a lease that cannot be renewed ends, and the candidate goes on when the database returns', async () => {
  const first = await elect();
  await put(first.store, 'before');
  const proxy = await startProxy(url);
  const standby = await openPostgresPlatform({ url: proxy.url, leaseMs });
  await postgres.stop();
  const lateWrite = put(first.store, 'while it is away');
  await expect(lateWrite).rejects.toMatchObject({ isUnavailable: true });
  expect(first.lease.isHeld()).toBe(false);
  const waiting = standby.candidate('').elected(never);
  await proxy.untilTried(2);
  await postgres.start();
  const second = await waiting;
  const store = await platform.openActive(second);
  opened.push({ store, elected: second });
  expect(await nameOf(store)).toBe('before');
});

const enter = (session: number) => ({ text: writerSql.enter, values: [session, 7] });
const nextAfter = (session: number) => ({ text: writerSql.next, values: [session] });
const next = nextAfter(0);
const note = { text: "INSERT INTO bakehouse.schema_migration VALUES (99, 'a note')" };
const notes = () =>
  postgres.sql(url, 'SELECT name FROM bakehouse.schema_migration WHERE version = 99');
const connect = () => PostgresClient.connect({ url, name: 'test' });

test('a commit that the server reads after its session was ended does not happen', async () => {
  const [old, successor] = [await connect(), await connect()];
  const [row] = await old.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
  const pid = row?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const late = old.transaction([enter(0), note]);
  expect(await successor.query(next)).toEqual([{ session: 1, commits: 0 }]);
  process.kill(pid, 'SIGCONT');
  await expect(late).rejects.toMatchObject({ code: '22012' });
  expect(await notes()).toEqual([]);
  await Promise.all([old.end(), successor.end()]);
});

test('the next session waits for a commit under way, and sees it', async () => {
  const [old, successor] = [await connect(), await connect()];
  await old.run('BEGIN');
  await old.query(enter(0));
  const begun = successor.query(next);
  await old.query(note);
  await old.run('COMMIT');
  expect(await begun).toEqual([{ session: 1, commits: 7 }]);
  expect(await notes()).toEqual(['a note']);
  await Promise.all([old.end(), successor.end()]);
});

test('a new leader gets a session that the one before cannot take up, whichever it knows as its last', async () => {
  const [old, successor] = [await connect(), await connect()];
  expect(await old.query(next)).toEqual([{ session: 1, commits: 0 }]);
  const [first] = await successor.query<{ session: number }>({ text: leaseSql.endSession });
  const own = first?.session ?? 0;
  // 0, if the reply with 1 was lost.
  for (const known of [0, 1]) {
    expect(await old.query(nextAfter(known))).toEqual([]);
    await expect(old.transaction([enter(known + 1), note])).rejects.toMatchObject({
      code: '22012',
    });
  }
  expect(await notes()).toEqual([]);
  await successor.transaction([enter(own), note]);
  expect(await notes()).toEqual(['a note']);
  await Promise.all([old.end(), successor.end()]);
});
