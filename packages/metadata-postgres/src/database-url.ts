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

/**
 * Reads a `postgres://user@host:port/database` URL; parameters such as `sslmode` are the driver's. Throws
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
  const database = { url: url.href, name };
  clientConfig(database);
  return database;
}

/** The driver's settings. Reads the files that the URL names each time, as certificates are renewed. */
export function clientConfig({ url, name }: DatabaseUrl): ClientConfig {
  try {
    return parseIntoClientConfig(url);
  } catch (cause) {
    throw new MetadataStoreError(
      `the parameters of the URL ${name} cannot be used: ${messageOf(cause)}; correct them (sslrootcert, sslcert and sslkey name files that this user can read)`,
      { database: name, cause },
    );
  }
}
