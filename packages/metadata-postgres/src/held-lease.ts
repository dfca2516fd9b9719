import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@bakehouse/base';
import type { Lease } from '@bakehouse/domain';
import type { DatabaseUrl } from './database-url.ts';
import { PostgresClient } from './postgres-client.ts';
import { leaseSql } from './sql.ts';

export interface TakenLease {
  readonly epoch: number;
  /** Of this lease alone. */
  readonly owner: string;
  /** Where its holder takes requests. */
  readonly address: string;
  readonly leaseMs: number;
  /** When its taking was sent, by `performance.now()`: the database counts from later on. */
  readonly takenAt: number;
}

/** Renewals are sent so many times in the time that one is good for. */
const renewalsPerLease = 4;

/**
 * The lease of the active server, renewed by a connection of its own. It counts as held for the lease's length after a
 * renewal was *sent*, by a clock that nobody sets: so it ends here before it ends in the database.
 *
 * That clock stops while the host is suspended. After that a lease that another server has taken counts as held until
 * the next renewal is refused: commits fail all the same, as their session was ended, but reads may be out of date.
 */
export class HeldLease implements Lease {
  readonly holder: string;
  readonly epoch: number;
  readonly #taken: TakenLease;
  readonly #database: DatabaseUrl;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  readonly #renewing: Promise<void>;
  #client: PostgresClient;
  #until: number;
  #isReleased = false;

  constructor(
    taken: TakenLease,
    parts: { client: PostgresClient; database: DatabaseUrl; logger: Logger },
  ) {
    this.holder = taken.address || taken.owner;
    this.epoch = taken.epoch;
    this.#taken = taken;
    this.#client = parts.client;
    this.#database = parts.database;
    this.#logger = parts.logger;
    this.#until = taken.takenAt + taken.leaseMs;
    this.#renewing = this.#renewForEver();
  }

  get lost(): AbortSignal {
    return this.#ending.signal;
  }

  /** False as soon as another server may have the lease; `lost` is aborted later when this process was stopped. */
  isHeld(): boolean {
    return !this.#ending.signal.aborted && performance.now() < this.#until;
  }

  /** Ends the lease for this process, which cannot go on. In the database it runs out, so that work under way can stop. */
  abandon(reason: string): void {
    this.#end(reason);
  }

  /** Gives the lease up, so that another server need not wait for its end. What this process writes must have ended. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#end('released');
    await this.#renewing;
    const { epoch, owner } = this.#taken;
    const client = this.#client;
    const released = client.query({ text: leaseSql.release, values: [epoch, owner] });
    await this.#inTime(released, () => client.end()).catch(() => {});
    await client.end();
  }

  async #renewForEver(): Promise<void> {
    let begunAt = performance.now();
    while (!this.lost.aborted) {
      const dueAt = Math.min(begunAt + this.#renewalMs, this.#until);
      const dueInMs = Math.max(0, dueAt - performance.now());
      await pause(dueInMs, undefined, { signal: this.lost }).catch(() => {});
      if (this.lost.aborted) return;
      if (this.#restMs() <= 0) return this.#end('it could not be renewed in time');
      begunAt = performance.now();
      await this.#renew().catch((error: unknown) => {
        this.#logger.log('warn', 'the lease could not be renewed, trying again', { error });
      });
    }
  }

  async #renew(): Promise<void> {
    const { epoch, owner, leaseMs } = this.#taken;
    if (this.#client.isLost) this.#client = await this.#reconnect();
    const client = this.#client;
    const sentAt = performance.now();
    const renewed = client.query({ text: leaseSql.renew, values: [epoch, owner, leaseMs] });
    const rows = await this.#inTime(renewed, () => client.end());
    if (rows.length === 0) return this.#end('another server has taken it');
    this.#until = sentAt + leaseMs;
  }

  async #reconnect(): Promise<PostgresClient> {
    const connecting = PostgresClient.connect(this.#database, { queryMs: this.#taken.leaseMs });
    return await this.#inTime(connecting, async () => (await connecting).end());
  }

  /**
   * Waits at most the time between two renewals, as the connection may be dead without a sign, and no longer than the lease
   * lasts. `drop` ends the connection that was too late.
   */
  async #inTime<Result>(work: Promise<Result>, drop: () => Promise<void>): Promise<Result> {
    const timeout = new AbortController();
    const limitMs = Math.min(this.#renewalMs, this.#restMs());
    const late = pause(limitMs, undefined, { signal: timeout.signal }).then(() => {
      drop().catch(() => {});
      throw new Error(`the database did not reply within ${Math.round(limitMs)} ms`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      timeout.abort();
      late.catch(() => {});
      work.catch(() => {});
    }
  }

  get #renewalMs(): number {
    return this.#taken.leaseMs / renewalsPerLease;
  }

  #restMs(): number {
    return Math.max(0, this.#until - performance.now());
  }

  #end(reason: string): void {
    if (this.lost.aborted) return;
    const { epoch } = this;
    if (!this.#isReleased) this.#logger.log('error', 'the lease is lost', { epoch, reason });
    this.#ending.abort(new Error(`the lease of epoch ${epoch} has ended: ${reason}`));
  }
}
