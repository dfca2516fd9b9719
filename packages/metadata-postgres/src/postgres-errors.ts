import { MetadataStoreError } from '@bakehouse/record-store';
import { DatabaseError } from 'pg';

/**
 * What has happened to a connection where neither the server nor the system has a code for it. `TIMED_OUT`: it was not
 * accepted, or a query got no reply; `NO_SESSION`: it was accepted, and the login was not over in time.
 */
export type LossCode = 'CUT_OFF' | 'TIMED_OUT' | 'NO_SESSION' | 'NO_TLS' | 'NOT_POSTGRES';

interface LossOptions {
  /** By default that of the cause. */
  readonly code?: LossCode | undefined;
  readonly cause?: unknown;
}

/**
 * The connection ended, or could not be made, before the server's reply came. What was sent may have been carried out.
 */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** A `LossCode`, the server's or the system's code; empty when there is none. */
  readonly code: string;

  constructor(message: string, { cause, code }: LossOptions) {
    super(message, { cause });
    this.code = code ?? codeOf(cause);
  }
}

/** A login that the server has refused, with the name that was used: the URL need not have one. */
class LoginRefused extends DatabaseError {
  readonly user: string;

  constructor(cause: DatabaseError, user: string) {
    super(cause.message, cause.length, 'error');
    this.cause = cause;
    this.code = cause.code;
    this.routine = cause.routine;
    this.user = user;
  }
}

/** The server's refusal of a login (class 28) with the user; others are returned as they are. */
export const asLoginRefused = (error: unknown, user: string): unknown =>
  error instanceof DatabaseError && codeOf(error).startsWith('28')
    ? new LoginRefused(error, user)
    : error;

const isLost = (error: unknown): error is ConnectionLost => error instanceof ConnectionLost;

/** The server's error code (manual, "PostgreSQL Error Codes"), the system's for a socket, or a `LossCode`. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code ?? '') : '';
}

/** serialization_failure and deadlock_detected: the same transaction may succeed when it is repeated. */
export const isConflict = (error: unknown) => ['40001', '40P01'].includes(codeOf(error));

/** A connection was accepted, by a database that is stuck, a proxy without one, or something else. */
export const isWithoutSession = (error: unknown) => codeOf(error) === 'NO_SESSION';

/** division_by_zero: how the statements of `writerSql` refuse. */
export const isRefused = (error: unknown) => codeOf(error) === '22012';

/**
 * Classes of what stays refused until a person or another statement changes it: unsupported, data, constraints, credentials,
 * a missing database or schema, rights and names. All others are the server's state of the moment: read-only during a
 * failover, out of connections, memory or disk, starting, failing.
 */
const lastingClasses: readonly string[] = ['0A', '22', '23', '28', '3D', '3F', '42'];

/** True when the same may succeed later without anybody's doing: the connection was lost, or the server refused for now. */
export function canPass(error: unknown): boolean {
  if (isLost(error)) return true;
  return error instanceof DatabaseError && !lastingClasses.includes(codeOf(error).slice(0, 2));
}

/**
 * How a database that is down looks: nothing listens, the host or its name's server is out of reach, the connection is cut
 * off or takes too long. A proxy whose database is down accepts a connection and closes it, so a cut-off before the first
 * byte is among them.
 */
const downCodes: readonly string[] = [
  'CUT_OFF',
  'TIMED_OUT',
  'NO_SESSION',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  // A Unix socket whose queue is full.
  'EAGAIN',
];

/**
 * True for the failure of a first connection that can pass. A host without that name, a socket that this user may not use,
 * a certificate that does not fit, a server without the TLS that was asked for and one that is not PostgreSQL are no outage
 * before anything has worked: a person has to correct them. So is what has no code, as a login that the driver rejects.
 */
export function canPassAtStart(error: unknown): boolean {
  if (!canPass(error)) return false;
  const code = codeOf(error);
  return !isLost(error) || code.startsWith('57P') || downCodes.includes(code);
}

/**
 * What the driver reports, as one of two kinds: the server's refusal of a statement stays as it is, and all else is a lost
 * connection. The server's class 57P says that it is closing the connection; the driver's own complaint about bytes that it
 * cannot read has no code. `codeless` says what has happened to the connection when there is no code.
 */
export function asLostOrRefused(error: unknown, codeless?: LossCode): unknown {
  if (error instanceof MetadataStoreError || isLost(error)) return error;
  const code = codeOf(error);
  if (error instanceof DatabaseError && code !== '' && !code.startsWith('57P')) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectionLost(message, { cause: error, code: code === '' ? codeless : undefined });
}

const diskFull = '53100';

const wayOut: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start PostgreSQL, or correct the URL',
  ENOENT: 'there is no such socket: start PostgreSQL, or correct the URL',
  ENOTFOUND: 'there is no host of that name: correct the URL',
  EACCES: 'this user may not use the socket: correct its permissions, or the URL',
  NO_TLS: 'switch TLS on in the server, or leave sslmode out of the URL',
  NO_SESSION: 'see whether PostgreSQL is what listens there, and is not stuck, or correct the URL',
  CUT_OFF: 'see whether the server runs; a proxy without its database ends connections like that',
  NOT_POSTGRES: 'correct the host or the port of the URL',
  '28P01':
    'the password is wrong, or there is no such role: correct ~/.pgpass, or the file that PGPASSFILE names',
  '28000': 'the server does not accept this user from here: see its pg_hba.conf',
  '3D000': 'there is no such database: create it (createdb), owned by that user',
  '42501': 'the user has no right to do that: make it the owner of the database',
  '25006': 'the server is read-only, as a replica is: name the primary',
  '53300': 'the server has too many connections: raise its max_connections',
  '57P03': 'the server is starting or stopping: try again',
  [diskFull]: 'the disk of the database server is full: free space there',
};

/**
 * The cases of 28000 by the server's function that refuses, which its error names: there is no code of their own, and their
 * words are translated. A proxy or a later server may name others.
 */
const wayOutOfLogin: Readonly<Record<string, string>> = {
  InitializeSessionUserId:
    'there is no role of that name that may log in: create it (createuser), or name another user in the URL',
  auth_failed:
    'its pg_hba.conf asks for another proof, such as a system user of that name (peer): name another user in the URL, or change that file',
  ProcessStartupPacket: 'name a user in the URL',
};

function adviceFor(error: Error, code: string): string {
  const login = code === '28000' && error instanceof DatabaseError && error.routine;
  return (
    (login ? wayOutOfLogin[login] : undefined) ??
    wayOut[code] ??
    (isLost(error) ? 'see whether the server runs and can be reached' : 'see the cause')
  );
}

/** An error of the driver or the server with the database's name and the way out. Others are returned as they are. */
export function databaseError(action: string, name: string, error: unknown): unknown {
  if (!isLost(error) && !(error instanceof DatabaseError)) return error;
  const code = codeOf(error);
  const as = error instanceof LoginRefused ? ` as ${error.user}` : '';
  return new MetadataStoreError(
    `cannot ${action} ${name}${as}: ${error.message}${code && ` (${code})`}; ${adviceFor(error, code)}`,
    { database: name, cause: error, isDiskFull: code === diskFull, isUnavailable: canPass(error) },
  );
}

interface Overtaken {
  readonly action: 'open' | 'write';
  readonly wayOut: string;
  readonly cause?: unknown;
}

/** Another server has ended this one's sessions. */
export const overtakenError = (name: string, { action, wayOut, cause }: Overtaken) =>
  new MetadataStoreError(
    `cannot ${action} ${name}: another server is the active one now; ${wayOut}`,
    { database: name, cause, isUnavailable: true },
  );

/** The server asks for a password, and none is known. */
export const noPassword = (name: string, user: string) =>
  new MetadataStoreError(
    `cannot connect to ${name} as ${user}: the server asks for a password; put it into ~/.pgpass (0600) or the file that PGPASSFILE names`,
    { database: name },
  );
