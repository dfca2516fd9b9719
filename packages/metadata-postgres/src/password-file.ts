import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface PasswordQuery {
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

/**
 * The password of libpq's password file (PostgreSQL manual, "The Password File"): the first line whose host, port,
 * database and user match, `*` matching everything. As with libpq, a file that others may read does not count.
 */
export async function findPassword(
  query: PasswordQuery,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (environment.PGPASSWORD) return environment.PGPASSWORD;
  const path = environment.PGPASSFILE || join(homedir(), '.pgpass');
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile() || (stats.mode & 0o077) !== 0) return undefined;
  return passwordIn(await readFile(path, 'utf8'), query);
}

/** The password for a database in the text of a password file. */
export function passwordIn(text: string, query: PasswordQuery): string | undefined {
  // A connection by Unix socket is `localhost` in the file.
  const host = query.host.startsWith('/') ? 'localhost' : query.host;
  const wanted = [host, query.port, query.database, query.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = splitFields(line);
    const password = fields[wanted.length];
    if (password === undefined) continue;
    if (wanted.every((value, index) => fields[index] === '*' || fields[index] === value)) {
      return password;
    }
  }
  return undefined;
}

/** Fields are separated by colons; a backslash takes the meaning from a colon or backslash. */
function splitFields(line: string): readonly string[] {
  const fields = [''];
  for (const [, escaped, plain = ''] of line.matchAll(/\\(.)|(.)/gu)) {
    if (plain === ':') fields.push('');
    else fields.push(`${fields.pop() ?? ''}${escaped ?? plain}`);
  }
  return fields;
}
