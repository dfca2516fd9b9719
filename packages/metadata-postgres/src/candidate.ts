import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, messageOf } from '@bakehouse/base';
import type { DatabaseUrl } from './database-url.ts';
import { HeldLease } from './held-lease.ts';
import { PostgresClient } from './postgres-client.ts';
import { canPass, databaseError } from './postgres-errors.ts';
import { leaseSql } from './sql.ts';
import type { SessionState } from './writer-session.ts';

/** The server that is active, as the others see it. */
export interface ActiveServer {
  readonly epoch: number;
  /** Where it takes requests. */
  readonly address: string;
}

export interface Elected {
  readonly lease: HeldLease;
  /** The state of the writer `active` at the beginning of this lease. */
  readonly first: SessionState;
}

export interface CandidateOptions {
  readonly database: DatabaseUrl;
  /** Where this server takes requests. */
  readonly address: string;
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Creates what servers agree by, unless that is done. Rejects with what can pass, or with `MetadataStoreError`. */
  readonly prepare: () => Promise<void>;
}

const pollMs = 500;

/** A standby: waits until the lease is free. */
export class Candidate {
  readonly #options: CandidateOptions;
  #client: PostgresClient | undefined;
  #holder: ActiveServer | undefined;
  #problem: string | undefined;

  constructor(options: CandidateOptions) {
    this.#options = options;
  }

  /** The active server as it was seen last; undefined while there is none, or the database cannot be reached. */
  get holder(): ActiveServer | undefined {
    return this.#holder;
  }

  /** Why the database cannot be used now, with the way out. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when this server has the lease; rejects when `signal` is aborted, or the database refuses for good. */
  async elected(signal: AbortSignal): Promise<Elected> {
    try {
      for (;;) {
        signal.throwIfAborted();
        const elected = await this.#tryOnce();
        if (elected) return elected;
        await pause(pollMs * (0.75 + Math.random() / 2), undefined, { signal });
      }
    } catch (error) {
      await this.#drop();
      throw error;
    }
  }

  async #tryOnce(): Promise<Elected | undefined> {
    try {
      const elected = await this.#take();
      if (this.#problem) this.#options.logger.log('info', 'the database can be used again', {});
      this.#problem = undefined;
      return elected;
    } catch (error) {
      await this.#drop();
      this.#cutOff(error);
      return undefined;
    }
  }

  /** Throws what will not pass. */
  #cutOff(cause: unknown): void {
    const { logger, database } = this.#options;
    const { name } = database;
    const error = databaseError('stand by on', name, cause);
    if (!canPass(cause)) throw error;
    this.#holder = undefined;
    // A database that stays out of reach, or cannot be written, is reported once.
    if (this.#problem === undefined)
      logger.log('error', 'the database cannot be used, trying again', { database: name, error });
    this.#problem = messageOf(error);
  }

  async #take(): Promise<Elected | undefined> {
    const { database, address, leaseMs, logger, prepare } = this.#options;
    await prepare();
    this.#client ??= await PostgresClient.connect(database, { queryMs: leaseMs });
    const client = this.#client;
    // Of this lease alone: a taking whose outcome is unknown simply runs out.
    const owner = randomUUID();
    const takenAt = performance.now();
    await client.run('BEGIN');
    const values = [owner, address, leaseMs];
    const [taken] = await client.query<{ epoch: number }>({ text: leaseSql.take, values });
    if (!taken) {
      await client.run('ROLLBACK');
      [this.#holder] = await client.query<ActiveServer & object>({ text: leaseSql.holder });
      return undefined;
    }
    const [first] = await client.query<SessionState & object>({ text: leaseSql.endSession });
    await client.run('COMMIT');
    this.#client = undefined;
    this.#holder = undefined;
    const lease = new HeldLease(
      { epoch: taken.epoch, owner, address, leaseMs, takenAt },
      { client, database, logger },
    );
    if (first) return { lease, first };
    await lease.release();
    throw new Error('the writer of the active server is missing from the database');
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }
}
