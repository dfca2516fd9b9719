import { setTimeout } from 'node:timers/promises';
import { type Logger, silentLogger } from '@bakehouse/base';
import type { MetadataStore } from '@bakehouse/domain';
import { aKeyPair, startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type ActiveStore, openActiveStore } from './open-active.ts';
import { startProxy, type TestProxy } from './proxy.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres[Symbol.asyncDispose]());

let url: string;
let proxy: TestProxy;
let logged: string[];
beforeEach(async () => {
  url = await postgres.createDatabase();
  proxy = await startProxy(url);
  logged = [];
});

const logger: Logger = { ...silentLogger, log: (_level, message) => logged.push(message) };

async function elect(leaseMs = 60_000): Promise<ActiveStore> {
  const active = await openActiveStore({ url: proxy.url, leaseMs, logger });
  onTestFinished(() => active.close());
  return active;
}

const put = (store: MetadataStore, name: string) =>
  store.write((tx) => tx.put('keyPair', aKeyPair({ id: `key-${name}`, name })));
const names = async (store: MetadataStore) =>
  (await store.read((tx) => tx.list('keyPair'))).map(({ name }) => name);

test('a lease whose connection is dead without a sign is renewed by another one', async () => {
  const { elected, store } = await elect(4_000);
  const expiry = () => postgres.sql(url, 'SELECT expires_at FROM bakehouse.leadership');
  const dead = proxy.connections;
  proxy.judge((_data, _from, connection) => (connection > dead ? 'pass' : 'lose'));
  const [before] = await expiry();
  const { lease } = elected;
  while (!lease.lost.aborted && (await expiry())[0] === before) await setTimeout(20);
  expect(lease.isHeld()).toBe(true);
  expect(logged.filter((each) => /lease/.test(each))).toEqual([
    'the lease could not be renewed, trying again',
  ]);
  // Its connection is dead as well, without a sign.
  await store.close();
});

test('a release on a connection that is dead without a sign ends before the lease does', async () => {
  const leaseMs = 16_000;
  const { elected, store } = await elect(leaseMs);
  await store.close();
  let dead: number | undefined;
  proxy.judge((data, _from, connection) => {
    if (data.includes("'-infinity'")) dead = connection;
    return connection === dead ? 'lose' : 'pass';
  });
  const released = elected.lease.release().then(() => 'released');
  // It waits a quarter of the lease for the reply, and a second for the connection's end.
  const late = setTimeout(leaseMs * 0.75, 'late', { ref: false });
  expect(await Promise.race([released, late])).toBe('released');
  expect(dead).toBeDefined();
});

test('a session that has begun though its reply was lost is taken up', async () => {
  const { elected, store } = await elect();
  await put(store, 'before');
  let lost = 0;
  let beginning: number | undefined;
  proxy.judge((data, from, connection) => {
    if (data.includes('SET session =')) beginning = connection;
    if (from === 'client' || connection !== beginning || lost === 3) return 'pass';
    lost += 1;
    return 'cut';
  });
  proxy.cut();
  await put(store, 'after');
  expect(lost).toBe(3);
  expect(elected.lease.isHeld()).toBe(true);
  expect(await names(store)).toEqual(['after', 'before']);
});

test('who is elected gets a session that the one before cannot take up', async () => {
  const first = await elect();
  await put(first.store, 'first');
  await postgres.sql(url, "UPDATE bakehouse.leadership SET expires_at = '-infinity'");
  const second = await openActiveStore({ url });
  onTestFinished(() => second.close());
  await put(second.store, 'second');
  proxy.cut();
  await expect(put(first.store, 'late')).rejects.toMatchObject({ isUnavailable: true });
  expect(first.elected.lease.lost.aborted).toBe(true);
  await put(second.store, 'third');
  expect(await names(second.store)).toEqual(['first', 'second', 'third']);
});

test('a write whose connection is lost each time is refused, and the lease is given up', async () => {
  const { elected, store } = await elect();
  await put(store, 'before');
  const known = proxy.connections;
  proxy.judge((data) => (data.includes('SET commits =') ? 'cut' : 'pass'));
  proxy.cut();
  await expect(put(store, 'never')).rejects.toThrow(
    /write was not made in 8 attempts.*connection was lost/,
  );
  expect(proxy.connections - known).toBeGreaterThanOrEqual(8);
  expect(logged.filter((each) => /lost during a write/.test(each))).toHaveLength(8);
  expect(elected.lease.lost.reason).toMatchObject({
    message: expect.stringMatching(/records cannot be used any more/),
  });
  await expect(names(store)).rejects.toMatchObject({ isUnavailable: true });
  expect(await postgres.sql(url, "SELECT id FROM bakehouse.record WHERE kind = 'keyPair'")).toEqual(
    ['key-before'],
  );
});

test('numbers beyond 32 bits are counted on', async () => {
  const first = await elect();
  await first.close();
  await postgres.sql(url, 'UPDATE bakehouse.writer SET session = 3e9, commits = 3e9');
  await postgres.sql(url, 'UPDATE bakehouse.leadership SET epoch = 3e9');
  const { elected, store } = await elect();
  await put(store, 'far');
  expect(elected.lease.epoch).toBe(3_000_000_001);
  expect(await postgres.sql(url, 'SELECT session, commits FROM bakehouse.writer')).toEqual([
    '3000000002|3000000001',
  ]);
  proxy.cut();
  await put(store, 'further');
  expect(await names(store)).toEqual(['far', 'further']);
});
