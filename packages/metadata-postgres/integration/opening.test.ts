import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from '@bakehouse/domain';
import { aKeyPair, startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openPostgresPlatform } from '../src/index.ts';
import { schemaSteps } from '../src/sql.ts';
import { openActiveStore } from './open-active.ts';

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres({ durable: false });
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-pgpass-'));
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

let url: string;
beforeEach(async () => {
  url = await postgres.createDatabase();
  vi.stubEnv('PGPASSFILE', join(folder, 'pgpass'));
});
afterEach(() => vi.unstubAllEnvs());

const changed = (changes: Record<string, string>) => {
  const result = new URL(url);
  for (const [name, value] of Object.entries(changes)) result.searchParams.set(name, value);
  return result.href;
};

test('a database that does not exist is named with the way out', async () => {
  const absent = openPostgresPlatform({ url: url.replace(/test_\w+/, 'absent') });
  await expect(absent).rejects.toThrow(/absent.*create it \(createdb\)/);
});

test('a role that does not exist is named with the way out', async () => {
  await expect(openPostgresPlatform({ url: changed({ user: 'nobody' }) })).rejects.toThrow(
    /bakehouse-pg.* as nobody: .*\(28000\); there is no role .*createuser/,
  );
});

test('a URL without a user means that of PGUSER, else the system user, and the error says which', async () => {
  const unnamed = new URL(url);
  unnamed.searchParams.delete('user');
  const open = () => openPostgresPlatform({ url: unnamed.href });
  vi.stubEnv('USER', 'somebody');
  vi.stubEnv('PGUSER', '');
  await expect(open()).rejects.toThrow(` as ${userInfo().username}: `);
  vi.stubEnv('PGUSER', 'another');
  await expect(open()).rejects.toThrow(' as another: ');
});

test('a password comes from the password file, never from the URL', async () => {
  await postgres.sql(url, "CREATE ROLE guarded LOGIN PASSWORD 'open:sesame'");
  await postgres.sql(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO guarded`);
  await postgres.requirePassword('guarded');
  const guarded = changed({ user: 'guarded' });
  await expect(openPostgresPlatform({ url: guarded })).rejects.toThrow(
    /as guarded: the server asks for a password.*pgpass/,
  );
  const line = 'localhost:*:*:guarded:';
  await writeFile(join(folder, 'pgpass'), `${line}wrong\n`, { mode: 0o600 });
  await expect(openPostgresPlatform({ url: guarded })).rejects.toThrow(/password is wrong/);
  await writeFile(join(folder, 'pgpass'), `# a comment\n${line}open\\:sesame\n`, { mode: 0o600 });
  await (await openActiveStore({ url: guarded })).close();
});

test('a newer schema is refused and left as it is', async () => {
  const early = await openPostgresPlatform({ url });
  const elected = await early.candidate('').elected(new AbortController().signal);
  const version = "INSERT INTO bakehouse.schema_migration VALUES (99, 'from the future')";
  await postgres.sql(url, version);
  for (const open of [() => openPostgresPlatform({ url }), () => early.openActive(elected)]) {
    await expect(open()).rejects.toThrow(
      new RegExp(`version 99.*up to ${schemaSteps.length}:.*newer Bakehouse`),
    );
  }
  await elected.lease.release();
});

test('other index definitions than the stored ones make the index be built again', async () => {
  const first = await openActiveStore({ url });
  const many = Array.from(
    { length: 1_500 },
    (_, index): KeyPair => aKeyPair({ id: `key-${index}`, name: `n${index}`, tags: { k: 'v' } }),
  );
  await first.store.write(async (tx) => {
    for (const record of many) await tx.put('keyPair', record);
  });
  await first.close();
  await postgres.sql(url, "UPDATE bakehouse.index_definition SET hash = 'of other definitions'");
  await postgres.sql(url, "DELETE FROM bakehouse.record_index WHERE name <> 'owner'");
  const second = await openActiveStore({ url });
  const found = await second.store.read((tx) =>
    tx.list('keyPair', { where: { tag: ['k=v'], name: ['n7', 'n1400'] } }),
  );
  expect(found.map(({ name }) => name)).toEqual(['n1400', 'n7']);
  await second.close();
});

test('servers that start together prepare the database once', async () => {
  const turns = Array.from({ length: 4 }, async () => (await openActiveStore({ url })).close());
  await Promise.all(turns);
  expect(await postgres.sql(url, 'SELECT version FROM bakehouse.schema_migration')).toEqual(
    schemaSteps.map((_, index) => String(index + 1)),
  );
});
