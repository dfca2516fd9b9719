import { DatabaseSync } from 'node:sqlite';
import { dataFolderSetting, recordKinds } from '@bakehouse/domain';
import {
  countAfterUpgrade,
  type EarlierVersion,
  readEarlierDatabase,
  startPostgres,
  type TestPostgres,
} from '@bakehouse/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openActiveStore } from './open-active.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres({ durable: false });
});
afterAll(() => postgres[Symbol.asyncDispose]());

const folderId = '0f3a9c1e-2b4d-4f60-8a1b-2c3d4e5f6071';
const quoted = (text: unknown) => `'${String(text).replaceAll("'", "''")}'`;

interface Row {
  readonly kind: string;
  readonly id: string;
  readonly body: string;
}

/** The records of an earlier version, as its SQLite file has them. */
async function earlierRows(version: EarlierVersion): Promise<readonly Row[]> {
  const file = new DatabaseSync(':memory:');
  file.exec(await readEarlierDatabase(version));
  const rows = file.prepare('SELECT kind, id, body FROM record').all();
  file.close();
  return rows.map(({ kind, id, body }) => ({
    kind: String(kind),
    id: String(id),
    body: String(body),
  }));
}

/** A database with the records of an earlier version, which no server has opened since. */
async function earlierDatabase(version: EarlierVersion, { isClaimed = true } = {}) {
  const url = await postgres.createDatabase();
  await (await openActiveStore({ url })).close();
  const claim = JSON.stringify({ id: dataFolderSetting, value: { folderId, where: 'a:/folder' } });
  const rows = [
    ...(await earlierRows(version)),
    ...(isClaimed ? [{ kind: 'setting', id: dataFolderSetting, body: claim }] : []),
  ];
  const values = rows.map((row) => `(${quoted(row.kind)}, ${quoted(row.id)}, ${quoted(row.body)})`);
  await postgres.sql(url, `INSERT INTO bakehouse.record VALUES ${values.join(', ')}`);
  await postgres.sql(url, `DELETE FROM bakehouse.schema_migration WHERE version > ${version}`);
  return { url, rows };
}

test.each([1, 2] as const)('records of version %s are converted once', async (version) => {
  const { url, rows } = await earlierDatabase(version);
  const { store, close } = await openActiveStore({ url });
  const ofKind = Map.groupBy(rows, ({ kind }) => kind);
  const counts = new Map([...ofKind].map(([kind, { length }]) => [kind, length]));
  for (const kind of recordKinds) {
    const found = await store.read((tx) => tx.list(kind));
    expect([kind, found.length]).toEqual([kind, countAfterUpgrade(kind, counts)]);
  }
  await close();
  const bodies = await postgres.sql(url, 'SELECT body FROM bakehouse.record');
  expect(bodies.filter((body) => /"(encrypted|rootDeviceType)":/.test(String(body)))).toEqual([]);
  await (await openActiveStore({ url })).close();
  expect(await postgres.sql(url, 'SELECT body FROM bakehouse.record')).toEqual(bodies);
});

test('records that no folder has claimed get the host of the server', async () => {
  const { url } = await earlierDatabase(1, { isClaimed: false });
  const hostId = 'host-0123456789abcdef0';
  const { store, close } = await openActiveStore({ url }, { hostId });
  const instances = await store.read((tx) => tx.list('instance'));
  expect(new Set(instances.map((instance) => instance.hostId))).toEqual(new Set([hostId]));
  await close();
});

test('records of version 1 are found by their index', async () => {
  const { url } = await earlierDatabase(1);
  const { store, close } = await openActiveStore({ url });
  const where = { state: ['pending'] };
  const pending = await store.read((tx) => tx.list('snapshot', { where }));
  expect(Object.fromEntries(pending.map(({ id, origin }) => [id, origin.kind]))).toEqual({
    'snap-02f0bca70e14c8c97': 'capture',
    'snap-0828463329035bd7f': 'capture',
    'snap-0ba9bb8fcb6a6cfd0': 'bake',
    'snap-0e1d3ef7de126dab4': 'capture',
  });
  const volumes = await store.read((tx) => tx.list('volume'));
  const hostIds = new Set(volumes.map(({ hostId }) => hostId));
  expect([...hostIds]).toEqual(['host-0f3a9c1e2b4d4f608']);
  await close();
});

test("an instance of version 1 gets its image's boot mode", async () => {
  const { url } = await earlierDatabase(1);
  const { store, close } = await openActiveStore({ url });
  const instance = await store.read((tx) => tx.get('instance', 'i-058fc58b848ab7966'));
  expect(instance?.boot).toEqual({ kind: 'disk', mode: 'uefi-preferred' });
  await close();
});
