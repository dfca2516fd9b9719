import { setTimeout } from 'node:timers/promises';
import { type Logger, silentLogger } from '@bakehouse/base';
import type { MetadataStore } from '@bakehouse/domain';
import { startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Elected, openPostgresPlatform, type PostgresPlatform } from '../src/index.ts';
import { startProxy, type TestProxy } from './proxy.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres[Symbol.asyncDispose]());

const never = new AbortController().signal;

let url: string;
/** The name of the database, and of the role that owns it: limits do not hold for a superuser. */
let name: string;
let proxy: TestProxy;
let logged: string[];
let cleanUp: (() => Promise<unknown>)[];
beforeEach(async () => {
  url = await postgres.createDatabase();
  name = new URL(url).pathname.slice(1);
  await admin(`CREATE ROLE ${name} LOGIN`);
  await admin(`ALTER DATABASE ${name} OWNER TO ${name}`);
  proxy = await startProxy(url);
  logged = [];
  cleanUp = [];
});
afterEach(async () => {
  for (const each of cleanUp) await each();
});

/** From another database, which no refusal of this one touches. */
const admin = (text: string) => postgres.sql(url.replace(name, 'postgres'), text);

const logger: Logger = { ...silentLogger, log: (_level, message) => logged.push(message) };

const open = (leaseMs = 60_000): Promise<PostgresPlatform> =>
  openPostgresPlatform({ url: proxy.url.replace('postgres@', `${name}@`), leaseMs, logger });

async function activate(platform: PostgresPlatform, elected: Elected): Promise<MetadataStore> {
  const store = await platform.openActive(elected);
  cleanUp.push(
    () => store.close(),
    () => elected.lease.release(),
  );
  return store;
}

const endConnections = () =>
  admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);

interface Refusal {
  readonly code: string;
  readonly begin: (name: string) => string;
  readonly end: (name: string) => string;
}

const passing: readonly Refusal[] = [
  {
    code: '25006',
    begin: (database) => `ALTER DATABASE ${database} SET default_transaction_read_only = on`,
    end: (database) => `ALTER DATABASE ${database} RESET default_transaction_read_only`,
  },
  {
    code: '53300',
    begin: (role) => `ALTER ROLE ${role} CONNECTION LIMIT 0`,
    end: (role) => `ALTER ROLE ${role} CONNECTION LIMIT -1`,
  },
  {
    code: '55000',
    begin: (database) => `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`,
    end: (database) => `ALTER DATABASE ${database} ALLOW_CONNECTIONS true`,
  },
];

/** Counts up, and notes each number beside it: a write that is made twice or lost would show. */
const countUp = (store: MetadataStore) =>
  store.write(async (tx) => {
    const next = Number((await tx.get('setting', 'count'))?.value ?? 0) + 1;
    await tx.put('setting', { id: 'count', value: next });
    await tx.put('setting', { id: `number-${next}`, value: true });
    return next;
  });

const counted = () =>
  postgres.sql(
    url,
    `SELECT max(substr(id, 8)::int), count(*) FROM bakehouse.record WHERE id LIKE 'number-%'`,
  );

async function untilLogged(message: RegExp): Promise<void> {
  while (!logged.some((each) => message.test(each))) await setTimeout(20);
}

test.each(passing)(
  'the active store survives a reconnect that is refused with $code',
  async ({ begin, end }) => {
    const platform = await open();
    const elected = await platform.candidate('').elected(never);
    const store = await activate(platform, elected);
    const acknowledged: number[] = [];
    let isWriting = true;
    const writing = Array.from({ length: 4 }, async () => {
      while (isWriting) acknowledged.push(await countUp(store));
    });
    for (let round = 1; round <= 3; round += 1) {
      while (acknowledged.length < round * 10) await setTimeout(5);
      await admin(begin(name));
      await endConnections();
      await untilLogged(/the connection for records is lost/);
      const reading = store.read((tx) => tx.get('setting', 'absent'));
      await proxy.untilTried(2);
      await admin(end(name));
      expect(await reading).toBeUndefined();
      logged = [];
    }
    isWriting = false;
    await Promise.all(writing);
    acknowledged.push(await countUp(store));
    expect(elected.lease.isHeld()).toBe(true);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(await counted()).toEqual([`${acknowledged.length}|${acknowledged.length}`]);
  },
);

test('a store that is refused for good ends its lease, and another server takes over', async () => {
  const platform = await open(3_000);
  const elected = await platform.candidate('').elected(never);
  const store = await activate(platform, elected);
  let acknowledged = 0;
  const writing = (async () => {
    for (;;) acknowledged = await countUp(store);
  })();
  writing.catch(() => {});
  while (acknowledged < 5) await setTimeout(5);
  await admin(`ALTER ROLE ${name} NOLOGIN`);
  await endConnections();
  await expect(writing).rejects.toMatchObject({ name: 'MetadataStoreError' });
  expect(elected.lease.lost.reason).toMatchObject({
    message: expect.stringMatching(/records cannot be used any more: .*\(28000\)/),
  });
  await expect(countUp(store)).rejects.toMatchObject({ isUnavailable: true });
  await admin(`ALTER ROLE ${name} LOGIN`);
  const successor = await platform.candidate('').elected(never);
  expect(await countUp(await activate(platform, successor))).toBeGreaterThan(acknowledged);
});

test('a store whose sessions another has ended ends its lease, too', async () => {
  const platform = await open();
  const elected = await platform.candidate('').elected(never);
  const store = await activate(platform, elected);
  await countUp(store);
  await postgres.sql(
    url,
    "UPDATE bakehouse.writer SET session = session + 2 WHERE name = 'active'",
  );
  await expect(countUp(store)).rejects.toThrow(/another server is the active one/);
  expect(elected.lease.lost.aborted).toBe(true);
});

test('a server that another overtakes while it brings the database up to date says so, and ends its lease', async () => {
  const platform = await open();
  const elected = await platform.candidate('').elected(never);
  await postgres.sql(
    url,
    "UPDATE bakehouse.writer SET session = session + 2 WHERE name = 'active'",
  );
  await expect(activate(platform, elected)).rejects.toMatchObject({
    name: 'MetadataStoreError',
    message: expect.stringMatching(/another server is the active one/),
    isUnavailable: true,
  });
  expect(elected.lease.lost.aborted).toBe(true);
});

test('a store that waits for the server can be closed', async () => {
  const platform = await open();
  const elected = await platform.candidate('').elected(never);
  const store = await activate(platform, elected);
  await admin(`ALTER ROLE ${name} CONNECTION LIMIT 0`);
  await endConnections();
  const reading = store.read((tx) => tx.get('setting', 'absent'));
  reading.catch(() => {});
  await untilLogged(/the connection for records is lost/);
  await store.close();
  await expect(reading).rejects.toThrow(/is closed/);
  expect(elected.lease.isHeld()).toBe(true);
});

test.each(passing)(
  'a standby survives refusals with $code, and is elected after them',
  async ({ begin, end }) => {
    const platform = await open(1_500);
    const first = await platform.candidate('first').elected(never);
    cleanUp.push(() => first.lease.release());
    const standby = platform.candidate('standby');
    const waiting = standby.elected(never);
    while (!standby.holder) await setTimeout(20);
    await admin(begin(name));
    await endConnections();
    await untilLogged(/the database cannot be used/);
    expect(standby.holder).toBeUndefined();
    while (first.lease.isHeld()) await setTimeout(50);
    await proxy.untilTried(2);
    expect(logged.filter((each) => /cannot be used/.test(each))).toHaveLength(1);
    await admin(end(name));
    const elected = await waiting;
    expect(elected.lease.epoch).toBe(first.lease.epoch + 1);
    expect(await countUp(await activate(platform, elected))).toBe(1);
  },
);

test.each(passing)(
  'a server that starts while $code refuses it is elected afterwards',
  async ({ begin, end }) => {
    await admin(begin(name));
    const platform = await open();
    const waiting = platform.candidate('').elected(never);
    await untilLogged(/the database cannot be used/);
    await admin(end(name));
    expect(await countUp(await activate(platform, await waiting))).toBe(1);
  },
);

test('who is elected while the server refuses more connections opens the store later', async () => {
  const platform = await open();
  const elected = await platform.candidate('').elected(never);
  await admin(`ALTER ROLE ${name} CONNECTION LIMIT 0`);
  const opening = activate(platform, elected);
  await untilLogged(/the database cannot be opened yet/);
  await admin(`ALTER ROLE ${name} CONNECTION LIMIT -1`);
  expect(await countUp(await opening)).toBe(1);
});

test.each([
  ['a role that may not log in', (role: string) => `ALTER ROLE ${role} NOLOGIN`, /28000/],
  ['a missing database', (database: string) => `DROP DATABASE ${database} WITH (FORCE)`, /3D000/],
])('a standby ends because of %s', async (_what, refuse, reason) => {
  const platform = await open(2_000);
  const first = await platform.candidate('first').elected(never);
  cleanUp.push(() => first.lease.release());
  const standby = platform.candidate('standby');
  const waiting = standby.elected(never);
  waiting.catch(() => {});
  while (!standby.holder) await setTimeout(20);
  await admin(refuse(name));
  await endConnections();
  await expect(waiting).rejects.toMatchObject({
    name: 'MetadataStoreError',
    message: expect.stringMatching(reason),
  });
});
