import { messageOf } from '@bakehouse/base';
import { MetadataStoreError } from '@bakehouse/record-store';
import type { ClientConfig } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

/** Where a database is. */
export interface DatabaseUrl {
  /** As the driver takes it; it has no password. */
  readonly url: string;
  /** For messages and logs: without parameters, which may name key files. */
  readonly name: string;
}

const example = 'postgres://bakehouse@db.example.org:5432/bakehouse';

/** What names the database of a URL that was read: without a password, and without other parameters. */
export const databaseName = (url: string): string => nameOf(new URL(url));

function nameOf(url: URL): string {
  const host = url.host || (url.searchParams.get('host') ?? '');
  return `${url.protocol}//${url.username && `${url.username}@`}${host}${url.pathname}`;
}

/** Those that have an effect. The driver passes over all others, and a misspelled `sslmode` would mean no TLS. */
const parameterNames = [
  'host',
  'port',
  'user',
  'options',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
];

/** The driver does not go on without TLS when the server has none, as `allow` and `prefer` ask for. */
const sslModes = ['disable', 'require', 'verify-ca', 'verify-full'];

/** What is wrong with a parameter, and the way out; undefined when it can be used. */
function parameterProblem([name, value]: readonly [string, string]): string | undefined {
  if (!parameterNames.includes(name)) {
    // Anything else may be the end of a password.
    const what = /^[a-z_]+$/i.test(name) ? `the parameter ${name}` : 'a parameter';
    return `has ${what}, which is unknown here; use ${parameterNames.join(', ')}`;
  }
  if (value === '') return `has an empty ${name}; give it a value, or leave it out`;
  if (name !== 'sslmode' || sslModes.includes(value)) return undefined;
  return `has a value of sslmode that is unknown here; use ${sslModes.join(', ')}`;
}

/** As libpq does. */
function checkParameters(url: URL): void {
  for (const parameter of url.searchParams) {
    const problem = parameterProblem(parameter);
    if (problem === undefined) continue;
    const database = nameOf(url);
    throw new MetadataStoreError(`the URL ${database} ${problem}`, { database });
  }
}

/**
 * Reads a `postgres://user@host:port/database` URL, with the parameters above, which mean what they do in libpq. Throws
 * `MetadataStoreError` for one with a password, as command lines and environments are seen by too many, and for one whose
 * parameters cannot be used.
 */
export function readDatabaseUrl(text: string): DatabaseUrl {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new MetadataStoreError(`the database URL cannot be read; it looks like ${example}`, {
      database: 'postgres',
    });
  }
  const isPostgres = url.protocol === 'postgres:' || url.protocol === 'postgresql:';
  const name = nameOf(url);
  // An `@` there may be the end of a password with a `/`.
  if (!isPostgres || url.pathname.length < 2 || url.pathname.includes('@')) {
    throw new MetadataStoreError(`the database URL must look like ${example}`, {
      database: 'postgres',
    });
  }
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new MetadataStoreError(
      `the URL ${name} has a password, which others could see; put it into ~/.pgpass or the file that PGPASSFILE names`,
      { database: name },
    );
  }
  checkParameters(url);
  const database = { url: url.href, name };
  clientConfig(database);
  return database;
}

/** The driver's settings. Reads the files that the URL names each time, as certificates are renewed. */
export function clientConfig({ url, name }: DatabaseUrl): ClientConfig {
  // Otherwise the driver takes `require` and `verify-ca` as `verify-full`, and warns of that on standard error.
  const asLibpq = new URL(url);
  asLibpq.searchParams.set('uselibpqcompat', 'true');
  try {
    return parseIntoClientConfig(asLibpq.href);
  } catch (cause) {
    throw new MetadataStoreError(
      `the parameters of the URL ${name} cannot be used: ${messageOf(cause)}; correct them (sslrootcert, sslcert and sslkey name files that this user can read)`,
      { database: name, cause },
    );
  }
}
