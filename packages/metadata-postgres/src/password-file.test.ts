import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPassword, passwordIn } from './password-file.ts';

const query = { host: 'db', port: '5432', database: 'bakehouse', user: 'me' };

test.each([
  ['db:5432:bakehouse:me:secret', 'secret'],
  ['*:*:*:*:secret', 'secret'],
  ['other:5432:bakehouse:me:no\ndb:*:*:me:secret\n*:*:*:*:later', 'secret'],
  ['# db:5432:bakehouse:me:no\r\ndb:5432:bakehouse:me:secret\r\n', 'secret'],
  ['db:5432:bakehouse:me:with\\:colon\\\\and more', 'with:colon\\and more'],
  ['db:5432:bakehouse:you:secret', undefined],
  ['db:5432:bakehouse', undefined],
  ['', undefined],
])('in the text %j the password is %j', (text, password) => {
  expect(passwordIn(text, query)).toBe(password);
});

test('a Unix socket is localhost in the file', () => {
  const socket = { ...query, host: '/run/postgresql' };
  expect(passwordIn('localhost:5432:bakehouse:me:secret', socket)).toBe('secret');
});

test('a file that others may read does not count, and the environment comes first', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-pgpass-'));
  const path = join(folder, 'pgpass');
  await writeFile(path, '*:*:*:*:filed', { mode: 0o600 });
  expect(await findPassword(query, { PGPASSFILE: path })).toBe('filed');
  expect(await findPassword(query, { PGPASSFILE: path, PGPASSWORD: 'set' })).toBe('set');
  await chmod(path, 0o640);
  expect(await findPassword(query, { PGPASSFILE: path })).toBeUndefined();
  expect(await findPassword(query, { PGPASSFILE: join(folder, 'none') })).toBeUndefined();
  await rm(folder, { recursive: true });
});
