import { setTimeout } from 'node:timers/promises';
import type { Logger } from '@bakehouse/base';
import { MetadataStoreError, type RecordDatabase, type RowChanges } from '@bakehouse/record-store';
import type { PostgresClient, Statement } from './postgres-client.ts';
import { ConnectionLost, databaseError, isConflict, isRefused } from './postgres-errors.ts';
import { PostgresReads } from './postgres-reads.ts';
import { rowStatements } from './row-statements.ts';
import { writerSql } from './sql.ts';
import type { WriterSession } from './writer-session.ts';

const attemptsMax = 8;
const conflictPauseMs = 20;

export interface ActiveDatabaseOptions {
  /** For messages. */
  readonly name: string;
  readonly session: WriterSession;
  /** Throws when this process may no longer use the database. */
  readonly checkUsable: () => void;
  readonly logger: Logger;
  /** Called when no write gets through any more. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The database as the active server uses it, the only writer: it reads outside of transactions, and what it has read stays
 * true until it writes itself. While a commit is under way, reads wait for its end.
 */
export class ActiveDatabase extends PostgresReads implements RecordDatabase {
  readonly name: string;
  readonly isRemote = true;
  readonly #options: ActiveDatabaseOptions;
  #commits: number;
  #committing: Promise<void> | undefined;
  #broken: MetadataStoreError | undefined;

  constructor(options: ActiveDatabaseOptions) {
    super();
    this.name = options.name;
    this.#options = options;
    this.#commits = options.session.state.commits;
  }

  async commit(changes: RowChanges): Promise<void> {
    this.#committing = this.#commit(changes);
    try {
      await this.#committing;
    } finally {
      this.#committing = undefined;
    }
  }

  checkUsable(): void {
    if (this.#broken) throw this.#broken;
    this.#options.checkUsable();
  }

  explain(action: 'read' | 'write', error: unknown): unknown {
    return databaseError(action, this.name, error);
  }

  async close(): Promise<void> {
    await this.#options.session.close();
  }

  /** Repeats a read whose connection was lost, as it changes nothing. */
  protected async read<Row extends object>(statement: Statement): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt += 1) {
      while (this.#committing) await this.#committing.catch(() => {});
      this.checkUsable();
      const client = await this.#options.session.client();
      try {
        return await client.query<Row>(statement);
      } catch (error) {
        if (!(error instanceof ConnectionLost) || attempt === attemptsMax) throw error;
      }
    }
  }

  /** A commit whose connection was lost may have been made. The next session shows it, or makes it impossible. */
  async #commit(changes: RowChanges): Promise<void> {
    const { session } = this.#options;
    this.#commits += 1;
    const number = this.#commits;
    const statements = rowStatements(changes);
    let lost: ConnectionLost | undefined;
    for (let attempt = 1; ; attempt += 1) {
      const client = await this.#client(lost);
      if (session.state.commits === number) return;
      if (lost && attempt > attemptsMax) throw this.#breaks(lost);
      const failure = await this.#attempt(client, [this.#enter(number), ...statements]);
      if (!failure) return;
      lost = failure instanceof ConnectionLost ? failure : undefined;
      if (lost) {
        this.#logLost(attempt, lost);
        continue;
      }
      if (!isConflict(failure) || attempt >= attemptsMax) throw failure;
      await setTimeout(Math.random() * conflictPauseMs * attempt);
    }
  }

  async #attempt(client: PostgresClient, statements: readonly Statement[]): Promise<unknown> {
    try {
      await client.transaction(statements);
      return undefined;
    } catch (error) {
      if (isRefused(error)) throw this.#options.session.wasEnded(error);
      return error;
    }
  }

  /** The connection for a commit, which after a lost one must be found out to have been made or not. */
  async #client(lost: ConnectionLost | undefined): Promise<PostgresClient> {
    try {
      this.checkUsable();
      return await this.#options.session.client();
    } catch (error) {
      if (lost) this.#broken = this.#unknownOutcome(error);
      throw this.#broken ?? error;
    }
  }

  #logLost(attempt: number, cause: ConnectionLost): void {
    const error = databaseError('write', this.name, cause);
    const message =
      'the connection for records was lost during a write, finding out what became of it';
    this.#options.logger.log('warn', message, { attempt, error });
  }

  /** A server whose writes never get through makes room for another one, whose way to the database may be better. */
  #breaks(cause: ConnectionLost): MetadataStoreError {
    this.#broken = new MetadataStoreError(
      `cannot write ${this.name}: the write was not made in ${attemptsMax} attempts, as the connection was lost; send the request again`,
      { database: this.name, cause, isUnavailable: true },
    );
    this.#options.onFailed(this.#broken);
    return this.#broken;
  }

  #enter(number: number): Statement {
    const values = [this.#options.session.state.session, number];
    return { text: writerSql.enter, values, name: 'enter' };
  }

  #unknownOutcome(cause: unknown): MetadataStoreError {
    return new MetadataStoreError(
      `the connection to ${this.name} was lost during a write, which may have been made or not; look before you repeat it`,
      { database: this.name, cause, isUnavailable: true },
    );
  }
}
