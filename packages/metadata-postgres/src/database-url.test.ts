import { expect, test, vi } from 'vitest';
import { clientConfig, readDatabaseUrl } from './database-url.ts';

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
  ['sslmode=verify-ca', /requires specifying a CA with sslrootcert/],
])('parameters that cannot be used are explained: %s', (parameters, message) => {
  expect(() => readDatabaseUrl(`postgres://db/bakehouse?${parameters}`)).toThrow(
    expect.objectContaining({
      name: 'MetadataStoreError',
      message: expect.stringMatching(message),
    }),
  );
});

test.each([
  ['sslmod=verify-full', 'has the parameter sslmod, which is unknown here; use host, port, user,'],
  ['foo=bar', 'has the parameter foo, which is unknown here'],
  ['ssl=true', 'has the parameter ssl, which is unknown here'],
  ['toString=1', 'has the parameter toString, which is unknown here'],
  ['sslmode=bogus', 'sslmode that is unknown here; use disable, require, verify-ca, verify-full'],
  ['sslmode=prefer', 'sslmode that is unknown here; use disable, require'],
  ['sslmode=', 'has an empty sslmode'],
  ['sslmode=verify-full&sslmode=bogus', 'sslmode that is unknown here'],
  ['uselibpqcompat=true', 'has the parameter uselibpqcompat, which is unknown here'],
])('a parameter without an effect is refused by its name: %s', (parameters, message) => {
  expect(() => readDatabaseUrl(`postgres://me@db/bakehouse?${parameters}`)).toThrow(
    `the URL postgres://me@db/bakehouse ${message.startsWith('has') ? message : `has a value of ${message}`}`,
  );
});

test('a refused parameter that may be a part of a password is not shown', () => {
  const read = () => readDatabaseUrl('postgres://me@db/bakehouse?sec-ret@host/b');
  expect(read).toThrow(/has a parameter, which/);
  expect(read).not.toThrow(/sec-ret/);
});

const certificate = import.meta.filename;
const anyName = { ca: expect.any(String), checkServerIdentity: expect.any(Function) };

test.each([
  ['', undefined],
  ['sslmode=disable', false],
  ['sslmode=require', { rejectUnauthorized: false }],
  [`sslmode=require&sslrootcert=${certificate}`, anyName],
  [`sslmode=verify-ca&sslrootcert=${certificate}`, anyName],
  ['sslmode=verify-full', {}],
  [`sslmode=verify-full&sslrootcert=${certificate}`, { ca: expect.any(String) }],
])('TLS is as libpq has it, and the driver does not warn: %s', (parameters, ssl) => {
  const warning = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const database = readDatabaseUrl(`postgres://me@db/bakehouse?${parameters}`);
  expect(clientConfig(database).ssl).toEqual(ssl);
  expect(warning).not.toHaveBeenCalled();
  warning.mockRestore();
});
