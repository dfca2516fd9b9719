import { join } from 'node:path';
import type { Clock, Logger } from '@bakehouse/base';
import type { MachineEvent, MachineStatus } from '@bakehouse/domain';
import {
  connectQmp,
  isJsonObject,
  type QmpClient,
  QmpClosedError,
  type QmpEvent,
  QmpProtocolError,
  QmpTimeoutError,
} from '@bakehouse/qmp';
import { MachineGoneError, MachineUnresponsiveError } from './compute-errors.ts';
import type { ComputeLimits } from './compute-limits.ts';
import { concludeMachine } from './conclude-machine.ts';
import { boundConsoleLog } from './console-log.ts';
import { findFullDisk, fullDiskWords } from './disk-room.ts';
import { machineFileNames } from './machine-files.ts';
import { isMachineProcess, untilGone } from './machine-process.ts';
import { type MachineRecord, markKilled } from './machine-record.ts';
import { machineState } from './machine-state.ts';

export interface SessionOptions {
  readonly folder: string;
  readonly pid: number;
  readonly record: MachineRecord;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ComputeLimits;
  readonly emit: (event: MachineEvent) => void;
}

/** How soon to look again for a monitor that is not there, or at a process that is about to end. */
const retryMs = 200;
const sameRebootMs = 1000;

/** Follows one machine, from its start or from when it was found again, to its end. */
export class MachineSession {
  readonly pid: number;
  readonly record: MachineRecord;
  readonly folder: string;
  /** Resolves, never rejects, when the process is gone and its end was told. */
  readonly ended: Promise<void>;
  readonly #options: SessionOptions;
  #client: QmpClient | undefined;
  #waiting = Promise.withResolvers<void>();
  #over = false;
  #stalledBy: string | undefined;
  #shutdown: string | undefined;
  #killed = false;
  #resetAt = 0;

  constructor(options: SessionOptions, client?: QmpClient) {
    this.#options = options;
    this.pid = options.pid;
    this.record = options.record;
    this.folder = options.folder;
    this.ended = this.#follow(client).catch((error) => {
      options.logger.log('error', 'a machine is followed no more', { error: `${error}` });
    });
  }

  /** To be called before its owner ends the machine: says so, also to a later control plane. */
  async expectKill(): Promise<void> {
    this.#killed = true;
    await markKilled(this.folder, this.record.generation).catch((error) => {
      // On a full disk a machine must still be ended.
      this.#options.logger.log('warn', 'the end of a machine is not on record', {
        error: `${error}`,
      });
    });
  }

  /** The monitor, when there is one within the time limit. */
  async client(): Promise<QmpClient> {
    const { clock, limits } = this.#options;
    if (!this.#client && !this.#over) {
      const limit = new AbortController();
      const tooLate = clock.sleep(limits.commandMs, limit.signal).catch(() => {});
      await Promise.race([this.#waiting.promise, tooLate]);
      limit.abort();
    }
    if (this.#client) return this.#client;
    const { instanceId } = this.record;
    if (this.#over) throw new MachineGoneError(`the machine of ${instanceId} has ended`);
    throw new MachineUnresponsiveError(
      `QEMU of ${instanceId}, process ${this.pid}, does not answer; force-stop the instance`,
    );
  }

  /** Why the machine stands still; undefined when it does not. */
  get stalledBy(): string | undefined {
    return this.#over ? undefined : this.#stalledBy;
  }

  /** Undefined when the machine ended meanwhile. */
  async status(): Promise<MachineStatus | undefined> {
    const state = await this.#state();
    const { instanceId, generation } = this.record;
    return this.#over ? undefined : { instanceId, generation, pid: this.pid, state };
  }

  async #state(): Promise<MachineStatus['state']> {
    try {
      const client = await this.client();
      const status = await client.execute('query-status');
      return machineState(isJsonObject(status) ? status.status : undefined);
    } catch (error) {
      if (isTrouble(error)) return 'unresponsive';
      throw error;
    }
  }

  async #follow(first: QmpClient | undefined): Promise<void> {
    const { folder, clock, limits, logger } = this.#options;
    let client = first;
    while (client || (await isMachineProcess(this.pid, this.folder))) {
      client ??= await this.#connect();
      if (client) {
        await this.#converse(client);
        client = undefined;
      }
      await untilGone(this.pid, { folder, clock, timeoutMs: retryMs }).catch(() => {});
    }
    await untilGone(this.pid, { folder, clock, timeoutMs: limits.goneMs }).catch((error) => {
      logger.log('error', 'a machine does not go away', { pid: this.pid, error: `${error}` });
    });
    this.#over = true;
    this.#waiting.resolve();
    await this.#tellEnd();
  }

  async #tellEnd(): Promise<void> {
    try {
      this.#options.emit(await this.#conclude());
    } catch (error) {
      this.#options.logger.log('error', 'the end of a machine was not told', { error: `${error}` });
    }
  }

  #conclude(): Promise<MachineEvent> {
    const shutdown = this.#shutdown;
    return concludeMachine(this.folder, this.record, {
      killed: this.#killed,
      ...(shutdown === undefined ? {} : { shutdown }),
    });
  }

  async #connect(): Promise<QmpClient | undefined> {
    const socketPath = join(this.folder, machineFileNames.monitor);
    try {
      return await connectQmp({ socketPath, timeoutMs: this.#options.limits.commandMs });
    } catch (error) {
      if (isTrouble(error)) return undefined;
      throw error;
    }
  }

  /** Until the connection ends. */
  async #converse(client: QmpClient): Promise<void> {
    const { logger } = this.#options;
    const stop = new AbortController();
    client.onEvent((event) => this.#hear(event, client, stop.signal));
    this.#client = client;
    this.#waiting.resolve();
    const chores = [this.#findPaused(client, stop.signal), this.#boundSerial(stop.signal)];
    const fault = await client.closed;
    this.#client = undefined;
    this.#waiting = Promise.withResolvers<void>();
    // The next connection finds out whether it still stands, and then sees to it that it goes on.
    this.#stalledBy = undefined;
    stop.abort();
    if (fault instanceof QmpProtocolError) {
      logger.log('warn', 'QEMU does not speak QMP', { fault: fault.message });
    }
    await Promise.all(chores);
  }

  #hear({ event, data, timestampMs }: QmpEvent, client: QmpClient, signal: AbortSignal): void {
    const { instanceId, generation } = this.record;
    switch (event) {
      case 'SHUTDOWN':
        this.#shutdown = typeof data.reason === 'string' ? data.reason : undefined;
        break;
      case 'RESET':
        // The firmware resets the machine again to get a clean state: that is the same reboot.
        if (timestampMs - this.#resetAt > sameRebootMs) {
          this.#options.emit({ kind: 'rebooted', instanceId, generation });
        }
        this.#resetAt = timestampMs;
        // A guest that was down and boots again has not ended by that shutdown.
        this.#shutdown = undefined;
        break;
      case 'BLOCK_IO_ERROR':
        if (data.action === 'stop')
          void this.#pause(`${data['node-name']}: ${data.reason}`, client, signal);
        break;
      case 'RESUME':
        if (this.#stalledBy !== undefined) {
          // The log may be on the disk that was full: what it could not say then, it says now.
          const stoodBecause = this.#stalledBy;
          this.#options.logger.log('info', 'a guest that stood goes on', { stoodBecause });
          this.#options.emit({ kind: 'resumed', instanceId, generation });
        }
        this.#stalledBy = undefined;
        break;
    }
  }

  /** A machine found again may stand since before anybody listened. */
  async #findPaused(client: QmpClient, signal: AbortSignal): Promise<void> {
    try {
      const status = await client.execute('query-status');
      if (isJsonObject(status) && status.status === 'io-error') {
        await this.#pause('a disk could not be written', client, signal);
      }
    } catch (error) {
      if (!isTrouble(error)) throw error;
    }
  }

  async #pause(what: string, client: QmpClient, signal: AbortSignal): Promise<void> {
    if (this.#stalledBy !== undefined) return;
    this.#stalledBy = what;
    const [complained] = what.split(': ');
    const words = await this.#fullDisk(client, complained).catch(() => undefined);
    // Another monitor may have let it go on meanwhile.
    if (this.#stalledBy === undefined) return;
    const reason = words === undefined ? what : `${what}; ${words}`;
    this.#stalledBy = reason;
    const { instanceId, generation } = this.record;
    this.#options.emit({ kind: 'paused', instanceId, generation, reason });
    void this.#goOnWhenRoom(client, signal);
  }

  async #fullDisk(client: QmpClient, complained?: string): Promise<string | undefined> {
    const { spaceNeededBytes: bytesNeeded } = this.#options.limits;
    const full = await findFullDisk(client, this.folder, { bytesNeeded, complained });
    return full && fullDiskWords(full, bytesNeeded);
  }

  async #goOnWhenRoom(client: QmpClient, signal: AbortSignal): Promise<void> {
    const { clock, limits, logger } = this.#options;
    while (this.#stalledBy !== undefined) {
      try {
        await clock.sleep(limits.spaceProbeMs, signal);
        if (!(await this.#fullDisk(client))) await client.execute('cont');
      } catch (error) {
        if (signal.aborted) return;
        logger.log('warn', 'a paused machine does not go on', { error: `${error}` });
      }
    }
  }

  async #boundSerial(signal: AbortSignal): Promise<void> {
    const { clock, limits, logger } = this.#options;
    while (!signal.aborted) {
      await boundConsoleLog(this.folder, limits.serialBytesMax).catch((error) => {
        logger.log('warn', 'a serial log was not cut', { error: `${error}` });
      });
      await clock.sleep(limits.superviseMs, signal).catch(() => {});
    }
  }
}

/** What an ending or hanging machine does to a command. */
function isTrouble(error: unknown): boolean {
  return (
    error instanceof QmpClosedError ||
    error instanceof QmpTimeoutError ||
    error instanceof MachineGoneError ||
    error instanceof MachineUnresponsiveError
  );
}
