import { cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { KeyPair } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  lookIntoSqliteMetadataStore,
  openSqliteMetadataStore,
} from './open-sqlite-metadata-store.ts';
import { migrations } from './sql.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-metadata-'));
  path = join(folder, 'private', 'metadata.sqlite');
});
afterEach(() => rm(folder, { recursive: true }));

function aKeyPair(name: string, given: Partial<KeyPair> = {}): KeyPair {
  return {
    id: `key-${name}`,
    ownerId: '123456789012',
    region: 'us-east-1',
    tags: {},
    createdAt: 0,
    name,
    keyType: 'ed25519',
    fingerprint: '',
    publicKey: '',
    ...given,
  };
}

/** Changes the closed database as no store would. */
function tamper(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function indexRows(columns: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare(`SELECT ${columns} FROM record_index`).all();
  database.close();
  return rows.map((row) => Object.values(row).join(' ')).sort();
}

test('the folder and every file in it are the owner’s alone', async () => {
  const store = await openSqliteMetadataStore({ path });
  await store.write((tx) => tx.put('keyPair', aKeyPair('a')));
  const names = await readdir(join(folder, 'private'));
  expect(names.sort()).toEqual(['metadata.sqlite', 'metadata.sqlite-wal']);
  for (const name of names) {
    expect((await stat(join(folder, 'private', name))).mode & 0o777).toBe(0o600);
  }
  expect((await stat(join(folder, 'private'))).mode & 0o777).toBe(0o700);
  await store.close();
});

test('a second owner is refused with the reason, while the first continues', async () => {
  const store = await openSqliteMetadataStore({ path });
  await expect(openSqliteMetadataStore({ path })).rejects.toMatchObject({
    name: 'MetadataStoreError',
    database: path,
    message: expect.stringMatching(/metadata\.sqlite.*locked.*another process/),
  });
  await store.write((tx) => tx.put('keyPair', aKeyPair('a')));
  await store.close();
});

test('a newer schema is refused and left as it is', async () => {
  await (await openSqliteMetadataStore({ path })).close();
  tamper("INSERT INTO schema_migration (version, name) VALUES (99, 'from the future')");
  const words = new RegExp(`version 99.*up to ${migrations.length}:.*newer Bakehouse`);
  const refusal = { message: expect.stringMatching(words) };
  await expect(openSqliteMetadataStore({ path })).rejects.toMatchObject(refusal);
  await expect(openSqliteMetadataStore({ path })).rejects.toMatchObject(refusal);
});

test('a file that is no database is refused and left as it is', async () => {
  await writeFile(join(folder, 'notes.txt'), 'my notes '.repeat(1_000));
  const opening = openSqliteMetadataStore({ path: join(folder, 'notes.txt') });
  await expect(opening).rejects.toThrow(/notes\.txt: file is not a database/);
  expect((await stat(join(folder, 'notes.txt'))).size).toBe(9_000);
});

test('other index definitions than the stored ones rebuild the index', async () => {
  const first = await openSqliteMetadataStore({ path });
  await first.write((tx) => tx.put('keyPair', aKeyPair('a', { tags: { k: 'v' } })));
  await first.close();
  tamper(`UPDATE index_definition SET hash = 'of other definitions';
    DELETE FROM record_index WHERE name <> 'owner';
    INSERT INTO record_index VALUES ('keyPair', 'colour', 'red', 'us-east-1', 'key-a')`);
  const logged: string[] = [];
  const logger = {
    log: (_level: string, message: string) => logged.push(message),
    with: () => logger,
  };
  const second = await openSqliteMetadataStore({ path, logger });
  const query = { where: { tag: ['k=v'], name: ['a'] } };
  expect(await second.read((tx) => tx.list('keyPair', query))).toHaveLength(1);
  await second.close();
  expect(logged).toEqual(['rebuilt the metadata index']);
  expect(indexRows('name')).toEqual(['name', 'owner', 'tag', 'tagKey']);
});

test('a change takes the index rows that no longer hold, and a deletion all of them', async () => {
  const store = await openSqliteMetadataStore({ path });
  const tags = { k: 'v', gone: 'soon' };
  await store.write(async (tx) => {
    await tx.put('keyPair', aKeyPair('a', { tags }));
    await tx.put('keyPair', aKeyPair('b'));
  });
  await store.write(async (tx) => {
    await tx.put('keyPair', aKeyPair('a', { tags: { k: 'w' }, region: 'us-west-2' }));
    await tx.delete('keyPair', 'key-b');
  });
  await store.close();
  expect(indexRows('region, name, value, id')).toEqual([
    'us-west-2 name a key-a',
    'us-west-2 owner 123456789012 key-a',
    'us-west-2 tag k=w key-a',
    'us-west-2 tagKey k key-a',
  ]);
});

/** The tables as another reader sees them. */
function dump(): readonly unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const tables = ['schema_migration', 'index_definition', 'record', 'record_index'];
  const rows = tables.map((table) => database.prepare(`SELECT * FROM ${table}`).all());
  database.close();
  return rows;
}

test('a look reads what a killed server has left', async () => {
  const store = await openSqliteMetadataStore({ path });
  await store.write((tx) => tx.put('keyPair', aKeyPair('a')));
  // Not yet in the database itself, but in its log.
  await cp(join(folder, 'private'), join(folder, 'left'), { recursive: true });
  await store.close();
  const left = await lookIntoSqliteMetadataStore(join(folder, 'left', 'metadata.sqlite'));
  expect(await left.read((tx) => tx.list('keyPair'))).toHaveLength(1);
  await left.close();
});

test.each([
  ['a schema', 'DELETE FROM schema_migration WHERE version > 1'],
  ['an index', "UPDATE index_definition SET hash = 'of other definitions'"],
])(
  'a look converts nothing: %s of an earlier version is refused and left as it is',
  async (_, sql) => {
    const store = await openSqliteMetadataStore({ path });
    await store.write((tx) => tx.put('keyPair', aKeyPair('a')));
    await store.close();
    tamper(sql);
    const before = dump();
    await expect(lookIntoSqliteMetadataStore(path)).rejects.toThrow(/start the server once/);
    expect(dump()).toEqual(before);
  },
);

test('a look makes no database', async () => {
  await expect(lookIntoSqliteMetadataStore(path)).rejects.toMatchObject({ database: path });
  expect(await readdir(folder)).toEqual([]);
});

test('an index that is current is not rebuilt', async () => {
  await (await openSqliteMetadataStore({ path })).close();
  tamper("INSERT INTO record_index VALUES ('keyPair', 'name', 'ghost', '', 'key-ghost')");
  await (await openSqliteMetadataStore({ path })).close();
  expect(indexRows('id')).toEqual(['key-ghost']);
});

test.each([0, 100_000, undefined])(
  'many candidates are found as few are, with a cache of %s characters',
  async (cacheLimitChars) => {
    const store = await openSqliteMetadataStore({
      path,
      ...(cacheLimitChars === undefined ? {} : { cacheLimitChars }),
    });
    const count = 9_000;
    await store.write(async (tx) => {
      for (let index = 0; index < count; index += 1) {
        const ownerId = index % 2 ? '111111111111' : '222222222222';
        await tx.put('keyPair', aKeyPair(`${index}`, { ownerId }));
      }
    });
    const list = (where: Record<string, string[]>) =>
      store.read((tx) => tx.list('keyPair', { region: 'us-east-1', where }));
    for (const _ of ['from the database', 'from what it left in the cache']) {
      const owned = await list({ owner: ['111111111111'] });
      expect(owned).toHaveLength(count / 2);
      expect(owned.map(({ id }) => id)).toEqual(owned.map(({ id }) => id).sort());
      expect(await list({ owner: ['111111111111'], name: ['7', '8'] })).toHaveLength(1);
    }
    await store.write(async (tx) => {
      for (let index = 1; index < 1_001; index += 2) await tx.delete('keyPair', `key-${index}`);
      await tx.put('keyPair', aKeyPair('new', { ownerId: '111111111111' }));
    });
    expect(await list({ owner: ['111111111111'] })).toHaveLength(count / 2 - 499);
    await store.close();
  },
);
