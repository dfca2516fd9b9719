import { userInfo } from 'node:os';
import { secondMs } from '@bakehouse/base';
import { Client, type ClientConfig, type QueryResultRow } from 'pg';
import { clientConfig, type DatabaseUrl } from './database-url.ts';
import { JudgedSocket, unfitReply } from './first-reply.ts';
import { findPassword } from './password-file.ts';
import { asLoginRefused, asLostOrRefused, ConnectionLost, noPassword } from './postgres-errors.ts';

/** How long a connection may take to become a session. */
export const usualSessionMs = 5 * secondMs;
const usualLimits = { sessionMs: usualSessionMs, queryMs: 60 * secondMs };
/** Saying goodbye takes no longer: the other side may be gone without a sign of it. */
const endLimitMs = 1 * secondMs;
/** A transaction in which this process has stopped must not keep its locks from a successor. */
const idleLimitMs = 5 * secondMs;

/** Who logs in where the URL names no user, as with libpq; the driver takes `USER`, which a service need not have. */
function usualUser(environment: Readonly<Record<string, string | undefined>>) {
  if (environment.PGUSER) return environment.PGUSER;
  try {
    return userInfo().username;
  } catch {
    // The system has no name for this process's user id.
    return environment.USER;
  }
}

const inSeconds = (ms: number) => `${ms / secondMs} s`;

/** Acknowledged means on disk, whatever the server's default is. */
const durableCommits = `SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') IN ('off', 'local')`;

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** A statement with a name is prepared once on each connection. */
  readonly name?: string;
}

export interface Limits {
  /** From the look-up of the host's name to a session; 5 s if not given. */
  readonly sessionMs?: number;
  /**
   * A query that takes longer is stuck: the server or the way to it has stopped without closing the connection. 60 s if
   * not given.
   */
  readonly queryMs?: number;
}

/** One connection. Queries are sent at once and carried out in their order, without waiting for each other. */
export class PostgresClient {
  readonly #client: Client;
  readonly #socket: JudgedSocket;
  readonly #limits: Required<Limits>;
  #isLost = false;

  private constructor(client: Client, socket: JudgedSocket, limits: Required<Limits>) {
    this.#client = client;
    this.#socket = socket;
    this.#limits = limits;
    // What is under way is rejected by itself; without a listener the process would end.
    client.on('error', () => this.#drop());
    client.on('end', () => this.#drop());
  }

  /** Rejects with `ConnectionLost`, the server's refusal, or `MetadataStoreError` when a password is missing. */
  static async connect(database: DatabaseUrl, limits: Limits = {}): Promise<PostgresClient> {
    const socket = new JudgedSocket((reply) => unfitReply(reply, client.ssl));
    const given = clientConfig(database);
    const config: ClientConfig = {
      // Not as `connectionString`, which would override the password function.
      ...given,
      user: given.user || usualUser(process.env),
      stream: () => socket,
      application_name: 'bakehouse',
      pipeline: true,
      keepAlive: true,
      idle_in_transaction_session_timeout: idleLimitMs,
      password: async () => {
        const { host, port, user = '', database: of = '' } = client;
        const asked = { host, port: String(port), user, database: of };
        const found = await findPassword(asked, process.env);
        if (found === undefined) throw noPassword(database.name, user);
        return found;
      },
    };
    const client = new Client(config);
    const connected = new PostgresClient(client, socket, { ...usualLimits, ...limits });
    try {
      await connected.#open();
      await connected.run(durableCommits);
      return connected;
    } catch (error) {
      await connected.end();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { sessionMs } = this.#limits;
    const late = () =>
      this.#socket.connecting
        ? new ConnectionLost(`no connection was made in ${inSeconds(sessionMs)}`, {
            code: 'TIMED_OUT',
          })
        : new ConnectionLost(`a connection was made, but no session in ${inSeconds(sessionMs)}`, {
            code: 'NO_SESSION',
          });
    try {
      await this.#within(sessionMs, late, () => this.#client.connect());
    } catch (error) {
      // Without a code the driver may also have rejected the login: then the connection is still open.
      const failure = asLostOrRefused(error, this.#socket.destroyed ? 'CUT_OFF' : undefined);
      throw asLoginRefused(failure, this.#client.user ?? 'no user');
    }
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async query<Row extends QueryResultRow>({
    text,
    values = [],
    name,
  }: Statement): Promise<readonly Row[]> {
    const named = name === undefined ? {} : { name };
    const { rows } = await this.#sent(() =>
      this.#client.query<Row>({ text, values: [...values], ...named }),
    );
    return rows;
  }

  /** Carries out a text of several statements without values. */
  async run(statements: string): Promise<void> {
    await this.#sent(() => this.#client.query(statements));
  }

  /**
   * Carries out the statements in one serializable transaction. They are sent together; the first failure is the one that
   * counts.
   */
  async transaction(statements: readonly Statement[]): Promise<void> {
    const sent = [
      this.run('BEGIN ISOLATION LEVEL SERIALIZABLE'),
      ...statements.map((statement) => this.query(statement)),
      this.run('COMMIT'),
    ];
    const outcomes = await Promise.allSettled(sent);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async end(): Promise<void> {
    this.#isLost = true;
    const limit = setTimeout(() => this.#socket.destroy(), endLimitMs);
    await this.#client.end().catch(() => {});
    clearTimeout(limit);
  }

  async #sent<Result>(query: () => Promise<Result>): Promise<Result> {
    const { queryMs } = this.#limits;
    const late = () =>
      new ConnectionLost(`no reply came in ${inSeconds(queryMs)}`, { code: 'TIMED_OUT' });
    try {
      return await this.#within(queryMs, late, query);
    } catch (error) {
      const failure = asLostOrRefused(error, 'CUT_OFF');
      if (failure instanceof ConnectionLost) this.#drop();
      throw failure;
    }
  }

  /** Work that is not done in time ends with the connection: the driver's own limits have no code, only a text. */
  async #within<Result>(
    limitMs: number,
    late: () => ConnectionLost,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const limit = setTimeout(() => this.#socket.destroy(late()), limitMs);
    try {
      return await work();
    } finally {
      clearTimeout(limit);
    }
  }

  /** Closes the connection too, in case it only seems to have ended. */
  #drop(): void {
    if (!this.#isLost) void this.end();
  }
}
