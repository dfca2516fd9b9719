import type { TimestampMs } from '@bakehouse/base';
import type { QmpClient } from '@bakehouse/qmp';
import type { FollowedMachine } from './followed-machine.ts';
import { type HoldRecord, readHold, removeHold, writeHold } from './hold-record.ts';
import { isMarkedHalted, markHalted } from './machine-record.ts';
import { runStateOf } from './monitor.ts';

/**
 * A guest that is paused for the sake of others: see `GuestHolder` of the port. The file in the machine's folder is
 * written before the guest is paused and removed after it has gone on, so whoever finds it finishes either. The caller
 * promises one call at a time, but for the looks.
 */
export class GuestHold {
  readonly #machine: FollowedMachine;
  #hold: HoldRecord | undefined;
  /** What an earlier control plane has left was read, or is of no interest any more. */
  #isKnown = false;
  #reading: Promise<void> | undefined;
  #hasFailed = false;
  /** `cont` was sent, so a guest that runs has gone on. */
  #isEnding = false;
  #isHalted = false;
  /** Resolves when the file of a hold that is over is removed. */
  #removed: Promise<void> = Promise.resolve();

  constructor(machine: FollowedMachine) {
    this.#machine = machine;
    void this.known();
  }

  /**
   * Resolves when what an earlier control plane has left was read, or could not be read: then the guest counts as not
   * held, and the next call tries again.
   */
  async known(): Promise<void> {
    if (this.#isKnown) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  get reason(): string | undefined {
    return this.#hold?.reason;
  }

  /** Whether the guest may go on when what else has paused it is over; not before it is known. */
  get mayGoOn(): boolean {
    return this.#isKnown && !this.isStopping;
  }

  /** Whether the guest is held, or stopped for good, as far as it is known. */
  get isStopping(): boolean {
    return this.#hold !== undefined || this.#isHalted;
  }

  get since(): TimestampMs | undefined {
    return this.#hold?.at;
  }

  /**
   * Finishes what an earlier control plane or connection had begun. Repeatable. Returns false when what there is to
   * finish cannot be read now.
   */
  async find(client: QmpClient): Promise<boolean> {
    await this.known();
    const found = this.#hold;
    if (found === undefined) return this.#isKnown;
    const isRunning = (await runStateOf(client, this.#quick)) === 'running';
    // It may have been released meanwhile.
    if (this.#hold !== found) return true;
    if (isRunning && this.#isEnding) {
      await this.#goneOn();
      return true;
    }
    this.#paused(found.reason);
    if (isRunning) await client.execute('stop', {}, this.#quick);
    return true;
  }

  /** Returns whether the guest is held: only one that runs can be. */
  async begin(client: QmpClient, reason: string): Promise<boolean> {
    await this.known();
    if (this.#hold !== undefined) return true;
    const { folder, record, clock } = this.#machine;
    if ((await runStateOf(client, this.#quick)) !== 'running') return false;
    const hold = { generation: record.generation, reason, at: clock.now() };
    await this.#removed;
    await writeHold(folder, hold);
    this.#isKnown = true;
    this.#hold = hold;
    this.#paused(reason);
    // One that does not respond in time may obey later, so it counts as held all the same.
    await client.execute('stop', {}, this.#quick);
    return true;
  }

  /** Returns whether the guest is held no longer. */
  async end(client: QmpClient | undefined): Promise<boolean> {
    await this.known();
    if (!this.#isKnown) return false;
    if (this.#hold !== undefined) {
      if (client === undefined) return false;
      this.#isEnding = true;
      await client.execute('cont', {}, this.#quick);
    }
    // A guest that ran already causes no event.
    await this.#goneOn();
    return true;
  }

  /**
   * Stops the guest for good: its machine is to end. No longer held, as whoever finds a hold may let the guest go on. It
   * is recorded for a later control plane: QEMU keeps a guest that a full disk has paused in that state.
   */
  async halt(client: QmpClient): Promise<void> {
    this.#isHalted = true;
    const { folder, record, logger } = this.#machine;
    await markHalted(folder, record.generation).catch((error: unknown) => {
      // On a full disk it must still be possible to stop a guest.
      logger.log('warn', 'cannot record that a guest is stopped for good', { error });
    });
    await this.known();
    this.#isKnown = true;
    if (this.#hold !== undefined) {
      this.#hold = undefined;
      await removeHold(folder);
    }
    await client.execute('stop');
  }

  /** The guest goes on, whoever caused it: returns why it was held. */
  lifted(): string | undefined {
    const reason = this.#hold?.reason;
    if (reason === undefined) return undefined;
    this.#hold = undefined;
    this.#isEnding = false;
    const { folder, logger } = this.#machine;
    // Otherwise the next control plane would pause it again.
    this.#removed = removeHold(folder).catch((error: unknown) =>
      logger.log('warn', 'cannot remove the record of a paused guest that goes on', { error }),
    );
    return reason;
  }

  async #read(): Promise<void> {
    const { folder, record, logger } = this.#machine;
    try {
      const found = await readHold(folder, record.generation);
      if (await isMarkedHalted(folder, record.generation)) this.#isHalted = true;
      // The guest may have been held and released meanwhile.
      if (!this.#isKnown) this.#hold = found;
      this.#isKnown = true;
    } catch (error) {
      if (!this.#hasFailed) {
        logger.log('warn', 'cannot read whether a guest is to be paused; tried again', { error });
      }
      this.#hasFailed = true;
    }
  }

  get #quick() {
    return { timeoutMs: this.#machine.limits.statusMs };
  }

  async #goneOn(): Promise<void> {
    if (this.lifted() !== undefined) {
      const { instanceId, generation } = this.#machine.record;
      this.#machine.emit({ kind: 'resumed', instanceId, generation });
    }
    await this.#removed;
  }

  #paused(reason: string): void {
    const { record, emit } = this.#machine;
    const { instanceId, generation } = record;
    emit({ kind: 'paused', instanceId, generation, reason });
  }
}
