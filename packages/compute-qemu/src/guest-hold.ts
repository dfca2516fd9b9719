import type { Clock, TimestampMs } from '@bakehouse/base';
import type { MachineEvent } from '@bakehouse/domain';
import { isJsonObject, type QmpClient } from '@bakehouse/qmp';
import type { ComputeLimits } from './compute-limits.ts';
import { type HoldRecord, readHold, removeHold, writeHold } from './hold-record.ts';
import type { MachineRecord } from './machine-record.ts';

export interface GuestHoldOptions {
  readonly folder: string;
  readonly record: MachineRecord;
  readonly clock: Clock;
  readonly limits: ComputeLimits;
  readonly emit: (event: MachineEvent) => void;
}

/**
 * A guest that is paused for the sake of others: see `GuestHolder` of the port. The file in the machine's folder is
 * written before the guest is paused and removed after it has gone on, so whoever finds it finishes either. The caller
 * promises one call at a time, but for the looks.
 */
export class GuestHold {
  readonly #options: GuestHoldOptions;
  readonly #read: Promise<void>;
  #hold: HoldRecord | undefined;

  constructor(options: GuestHoldOptions) {
    this.#options = options;
    const { folder, record } = options;
    this.#read = readHold(folder, record.generation)
      .catch(() => undefined)
      .then((found) => {
        this.#hold = found;
      });
  }

  /** Resolves when it is known what an earlier control plane has left. */
  known(): Promise<void> {
    return this.#read;
  }

  get reason(): string | undefined {
    return this.#hold?.reason;
  }

  get since(): TimestampMs | undefined {
    return this.#hold?.at;
  }

  /** Finishes what an earlier control plane had begun. */
  async find(client: QmpClient): Promise<void> {
    await this.#read;
    if (this.#hold === undefined) return;
    const state = await runState(client);
    // It may have been released meanwhile.
    if (this.#hold === undefined) return;
    this.#paused(this.#hold.reason);
    if (state === 'running') await client.execute('stop');
  }

  /** Returns whether the guest is held: only one that runs can be. */
  async begin(client: QmpClient, reason: string): Promise<boolean> {
    await this.#read;
    if (this.#hold !== undefined) return true;
    const { folder, record, clock, limits } = this.#options;
    const quick = { timeoutMs: limits.statusMs };
    if ((await runState(client, quick)) !== 'running') return false;
    const hold = { generation: record.generation, reason, at: clock.now() };
    await writeHold(folder, hold);
    this.#hold = hold;
    this.#paused(reason);
    // One that does not respond in time may obey later, so it counts as held all the same.
    await client.execute('stop', {}, quick);
    return true;
  }

  /** Returns whether the guest is held no longer. */
  async end(client: QmpClient | undefined): Promise<boolean> {
    await this.#read;
    if (this.#hold === undefined) return true;
    if (client === undefined) return false;
    const { folder, limits } = this.#options;
    await client.execute('cont', {}, { timeoutMs: limits.statusMs });
    await removeHold(folder);
    return true;
  }

  /** The machine is to end, and its guest does not go on. */
  async giveUp(): Promise<void> {
    await this.#read;
    if (this.#hold === undefined) return;
    this.#hold = undefined;
    await removeHold(this.#options.folder);
  }

  /** The guest goes on: returns why it was held. */
  lifted(): string | undefined {
    const reason = this.#hold?.reason;
    this.#hold = undefined;
    return reason;
  }

  #paused(reason: string): void {
    const { record, emit } = this.#options;
    const { instanceId, generation } = record;
    emit({ kind: 'paused', instanceId, generation, reason });
  }
}

async function runState(client: QmpClient, options = {}): Promise<unknown> {
  const status = await client.execute('query-status', {}, options);
  return isJsonObject(status) ? status.status : undefined;
}
