import { expect, test } from 'vitest';
import { readDatabaseUrl } from './database-url.ts';

test.each([
  ['postgres://me@db.example.org:5433/bakehouse', 'postgres://me@db.example.org:5433/bakehouse'],
  [
    `postgresql://db/bakehouse?sslmode=verify-full&sslkey=${import.meta.filename}`,
    'postgresql://db/bakehouse',
  ],
  ['postgres:///bakehouse?host=/run/postgresql&user=me', 'postgres:///run/postgresql/bakehouse'],
])('%s is named %s', (text, name) => {
  expect(readDatabaseUrl(text)).toEqual({ url: text, name });
});

test.each(['postgres://me:secret@db/bakehouse', 'postgres://db/bakehouse?user=me&password=secret'])(
  'a URL with a password is refused without showing it: %s',
  (text) => {
    const read = () => readDatabaseUrl(text);
    expect(read).toThrow(/pgpass/);
    expect(read).not.toThrow(/secret/);
  },
);

test.each([
  '',
  'bakehouse',
  'mysql://db/bakehouse',
  'postgres://db',
  'postgres://db/',
  'postgres://me:/secret@db/b',
])('anything else is refused with an example: %j', (text) => {
  expect(() => readDatabaseUrl(text)).toThrow(/postgres:\/\/bakehouse@db.example.org/);
});

test.each([
  ['sslmode=verify-full&sslrootcert=/absent.pem', /ENOENT.*'\/absent\.pem'; correct them/],
  ['sslmode=verify-full&sslkey=/', /EISDIR.*sslkey name files/],
  ['uselibpqcompat=true&sslmode=verify-ca', /requires specifying a CA with sslrootcert/],
])('parameters that cannot be used are explained: %s', (parameters, message) => {
  expect(() => readDatabaseUrl(`postgres://db/bakehouse?${parameters}`)).toThrow(
    expect.objectContaining({
      name: 'MetadataStoreError',
      message: expect.stringMatching(message),
    }),
  );
});
