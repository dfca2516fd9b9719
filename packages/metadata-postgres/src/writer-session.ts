import type { Logger } from '@bakehouse/base';
import { MetadataStoreError } from '@bakehouse/record-store';
import type { DatabaseUrl } from './database-url.ts';
import { PostgresClient } from './postgres-client.ts';
import { canPass, databaseError, overtakenError } from './postgres-errors.ts';
import { writerSql } from './sql.ts';
import { untilItPasses } from './until-it-passes.ts';

/** Which of the active server's connections this is, and the number of the last commit when it began. */
export interface SessionState {
  readonly session: number;
  readonly commits: number;
}

export interface WriterOptions {
  readonly database: DatabaseUrl;
  readonly first: SessionState;
  /** Throws when this process may no longer use the database. */
  readonly checkUsable: () => void;
  readonly logger: Logger;
  /** Called when this server can write nothing more: its sessions were ended, or the database refuses it for good. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The active server's connection, which is made again when it is lost. Each connection is a session of its own: beginning
 * one ends those before, so that nothing that they have sent can still be committed, and shows which commit was the last.
 */
export class WriterSession {
  readonly #options: WriterOptions;
  #state: SessionState;
  #client: PostgresClient | undefined;
  #connecting: Promise<PostgresClient> | undefined;
  #isClosed = false;

  constructor(options: WriterOptions, client: PostgresClient) {
    this.#options = options;
    this.#state = options.first;
    this.#client = client;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The connection; begins a new session when the last one was lost. */
  async client(): Promise<PostgresClient> {
    if (this.#client && !this.#client.isLost) return this.#client;
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined;
    });
    this.#client = await this.#connecting;
    return this.#client;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client?.end();
    await this.#connecting?.then(
      (client) => client.end(),
      () => {},
    );
  }

  /** Notes that another server has ended this one's sessions; returns the error that says so. */
  wasEnded(cause: unknown): MetadataStoreError {
    const error = this.#endedError(cause);
    this.#options.onFailed(error);
    return error;
  }

  #endedError(cause?: unknown): MetadataStoreError {
    const { name } = this.#options.database;
    return overtakenError(name, { action: 'write', wayOut: 'send the request again', cause });
  }

  async #reconnect(): Promise<PostgresClient> {
    const { logger, database } = this.#options;
    return await untilItPasses(() => this.#beginOrFail(), {
      checkUsable: () => this.#checkUsable(),
      onTrouble: (cause) => {
        const error = databaseError('reconnect to', database.name, cause);
        logger.log('warn', 'the connection for records is lost, trying again', { error });
      },
    });
  }

  #checkUsable(): void {
    const { database, checkUsable } = this.#options;
    const { name } = database;
    if (this.#isClosed) throw new MetadataStoreError(`${name} is closed`, { database: name });
    checkUsable();
  }

  async #beginOrFail(): Promise<PostgresClient> {
    try {
      return await this.#begin();
    } catch (error) {
      if (!canPass(error)) this.#options.onFailed(error);
      throw error;
    }
  }

  async #begin(): Promise<PostgresClient> {
    const client = await PostgresClient.connect(this.#options.database);
    try {
      const values = [this.#state.session];
      const [next] = await client.query<SessionState & object>({ text: writerSql.next, values });
      if (!next) throw this.#endedError();
      this.#state = next;
      return client;
    } catch (error) {
      await client.end();
      throw error;
    }
  }
}
