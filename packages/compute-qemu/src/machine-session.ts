import { join } from 'node:path';
import { allEnded, type Clock } from '@bakehouse/base';
import type { MachineStatus } from '@bakehouse/domain';
import {
  boundLog,
  type ControlGroups,
  type HostProcess,
  isAlive,
  waitForEnd,
} from '@bakehouse/host';
import { connectQmp, type QmpClient, type QmpEvent, QmpProtocolError } from '@bakehouse/qmp';
import { MachineGoneError, MachineUnresponsiveError } from './compute-errors.ts';
import { concludeMachine } from './conclude-machine.ts';
import { boundConsoleLog } from './console-log.ts';
import { noteConsoleStart } from './console-since.ts';
import { DiskStall } from './disk-stall.ts';
import type { FollowedMachine } from './followed-machine.ts';
import { giveForkCard } from './fork-card.ts';
import { GuestHold } from './guest-hold.ts';
import { machineFileNames } from './machine-files.ts';
import { endMachineGroup } from './machine-group.ts';
import { type MachineRecord, markKilled } from './machine-record.ts';
import { machineState } from './machine-state.ts';
import { isMachineTrouble, withoutTrouble } from './machine-trouble.ts';
import { runStateOf } from './monitor.ts';

export interface SessionOptions extends FollowedMachine {
  readonly process: HostProcess;
  readonly groups: ControlGroups;
  /** Does the work while nobody stops the guest or lets it go on. */
  readonly holding: (work: () => Promise<void>) => Promise<void>;
}

/** Between two tries to connect to the monitor, and two looks at a process that may be about to end. */
const retryMs = 200;
/** A second RESET within this time belongs to the same reboot. */
const sameRebootMs = 1000;

/** Follows one machine to its end, from its start or from when it was found again. */
export class MachineSession {
  readonly process: HostProcess;
  readonly record: MachineRecord;
  /** Resolves, and never rejects, when the process has ended and its end was emitted, or after `close`. */
  readonly ended: Promise<void>;
  readonly #options: SessionOptions;
  readonly #stall: DiskStall;
  /** The caller of what changes it promises one call at a time. */
  readonly hold: GuestHold;
  #client: QmpClient | undefined;
  #connected = Promise.withResolvers<void>();
  #isOver = false;
  readonly #closing = new AbortController();
  #shutdown: string | undefined;
  #isKilled = false;
  #resetAt = 0;
  #resets = 0;
  #resetNoted: Promise<void> = Promise.resolve();
  #state: MachineStatus['state'] = 'unresponsive';
  /** The look at the state that is under way; all callers share it. */
  #look: Promise<void> | undefined;
  /** The machine has not responded in time, so nobody waits for it until it does. */
  #isSlow = false;

  constructor(options: SessionOptions, client?: QmpClient) {
    this.#options = options;
    this.process = options.process;
    this.record = options.record;
    this.hold = new GuestHold(options);
    const mayResume = () => this.hold.mayGoOn;
    this.#stall = new DiskStall({ ...options, mayResume });
    if (client) this.#state = 'running';
    this.ended = this.#follow(client).catch((error: unknown) => {
      options.logger.log('error', 'cannot follow machine any longer', { error });
    });
  }

  /** Call this before its owner ends the machine. It is recorded for a later control plane, too. */
  async expectKill(): Promise<void> {
    const { folder, logger } = this.#options;
    this.#isKilled = true;
    await markKilled(folder, this.record.generation).catch((error: unknown) => {
      // On a full disk it must still be possible to end a machine.
      logger.log('warn', 'cannot record that a machine is ended by its owner', { error });
    });
  }

  /** Follows no longer, and leaves the monitor to the next one. The machine runs on; its end is not emitted here. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.close();
    await this.ended;
  }

  /** The monitor. Rejects when there is none within the time limit of a command. */
  async client(): Promise<QmpClient> {
    const { clock, limits } = this.#options;
    if (!this.#client && !this.#isOver) {
      await within(clock, limits.commandMs, this.#connected.promise);
    }
    if (this.#client) return this.#client;
    const { instanceId } = this.record;
    if (this.#isOver) throw new MachineGoneError(`the machine of ${instanceId} has ended`);
    throw new MachineUnresponsiveError(
      `QEMU of ${instanceId} (process ${this.process.pid}) does not answer; force-stop the instance`,
    );
  }

  /** Why the guest is paused; undefined when it is not. */
  get stalledBy(): string | undefined {
    return this.#isOver ? undefined : (this.hold.reason ?? this.#stall.reason);
  }

  /** How often the machine was reset since this session follows it. */
  get resets(): number {
    return this.#resets;
  }

  /** Resolves when the console is known to speak of another guest since the last reset. */
  get resetNoted(): Promise<void> {
    return this.#resetNoted;
  }

  /** The monitor of a machine that responded when it was last asked; undefined when there is none. */
  get promptClient(): QmpClient | undefined {
    return this.#isSlow ? undefined : this.#client;
  }

  /**
   * The machine's state, within a short time limit: a machine that does not answer by then is reported as it was
   * last known, and as `unresponsive` once a command has timed out. Undefined when it has ended.
   */
  async status(): Promise<MachineStatus | undefined> {
    const { clock, limits } = this.#options;
    this.#look ??= this.#updateState().finally(() => {
      this.#look = undefined;
    });
    if (!this.#isSlow) this.#isSlow = !(await within(clock, limits.statusMs, this.#look));
    const { instanceId, generation } = this.record;
    return this.#isOver ? undefined : { instanceId, generation, state: this.#state };
  }

  async #updateState(): Promise<void> {
    try {
      const client = await this.client();
      await this.hold.known();
      const runState = await runStateOf(client);
      const isHeld = this.hold.reason !== undefined;
      this.#state = machineState(runState, { isHeld });
      this.#isSlow = false;
    } catch (error) {
      if (!isMachineTrouble(error)) {
        this.#options.logger.log('error', 'cannot read the state of a machine', { error });
      }
      this.#state = 'unresponsive';
      this.#isSlow = true;
    }
  }

  async #follow(first: QmpClient | undefined): Promise<void> {
    const { signal } = this.#closing;
    const end = new AbortController();
    // Also of one whose monitor does not respond, as it may write all the same.
    const cuts = this.#boundLogs(AbortSignal.any([signal, end.signal]));
    try {
      await this.#converseToEnd(first);
    } finally {
      end.abort();
      await cuts;
    }
    // Whether it has ended is seen by the next one that follows it.
    if (signal.aborted) return this.#connected.resolve();
    this.#isOver = true;
    this.#connected.resolve();
    await this.#emitEnd();
  }

  async #converseToEnd(first: QmpClient | undefined): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    let client = first;
    while (client || (!signal.aborted && (await isAlive(this.process)))) {
      client ??= await this.#connect();
      if (client) {
        await this.#converse(client);
        client = undefined;
      }
      await waitForEnd(this.process, { clock, timeoutMs: retryMs });
    }
  }

  async #emitEnd(): Promise<void> {
    const { folder, emit, groups, logger } = this.#options;
    const shutdown = this.#shutdown;
    try {
      const end = await concludeMachine(folder, this.record, {
        killed: this.#isKilled,
        outOfMemory: await endMachineGroup(groups, folder),
        ...(shutdown === undefined ? {} : { shutdown }),
      });
      emit(end);
    } catch (error) {
      logger.log('error', 'cannot report the end of a machine', { error });
    }
  }

  async #connect(): Promise<QmpClient | undefined> {
    const { folder, limits } = this.#options;
    const socketPath = join(folder, machineFileNames.monitor);
    const { signal } = this.#closing;
    try {
      return await connectQmp({ socketPath, timeoutMs: limits.commandMs, signal });
    } catch (error) {
      if (signal.aborted || isMachineTrouble(error)) return undefined;
      throw error;
    }
  }

  /** Resolves when the connection has ended. */
  async #converse(client: QmpClient): Promise<void> {
    // Connected just as it was closed.
    if (this.#closing.signal.aborted) return await client.close();
    const { logger } = this.#options;
    const stop = new AbortController();
    client.onEvent((event) => this.#handle(event, client, stop.signal));
    this.#client = client;
    this.#connected.resolve();
    const { signal } = stop;
    const chores = [this.#findStall(client, signal), this.#giveCard(client, signal)];
    const fault = await client.closed;
    this.#client = undefined;
    this.#connected = Promise.withResolvers<void>();
    this.#stall.forget();
    stop.abort();
    if (fault instanceof QmpProtocolError) {
      logger.log('warn', 'QEMU broke the QMP protocol', { error: fault });
    }
    await Promise.all(chores);
  }

  #handle({ event, data, timestampMs }: QmpEvent, client: QmpClient, signal: AbortSignal): void {
    const { instanceId, generation } = this.record;
    switch (event) {
      case 'SHUTDOWN':
        this.#shutdown = typeof data.reason === 'string' ? data.reason : undefined;
        break;
      case 'RESET':
        // The firmware resets the machine once more to get a clean state; that is the same reboot.
        if (timestampMs - this.#resetAt > sameRebootMs) {
          this.#options.emit({ kind: 'rebooted', instanceId, generation });
        }
        this.#resetAt = timestampMs;
        this.#resets += 1;
        this.#noteReset();
        // A guest that shut down and boots again did not end by that shutdown.
        this.#shutdown = undefined;
        break;
      case 'BLOCK_IO_ERROR':
        if (data.action === 'stop') {
          const failedNode = `${data['node-name']}`;
          const problem = `${failedNode}: ${data.reason}`;
          void this.#stall.pause({ problem, failedNode }, client, signal);
        }
        break;
      case 'RESUME':
        this.#resumed();
        break;
    }
  }

  #noteReset(): void {
    const { folder, logger } = this.#options;
    const note = () => noteConsoleStart(folder, { wasReset: true });
    this.#resetNoted = this.#resetNoted.then(note).catch((error: unknown) => {
      logger.log('warn', 'cannot record that a machine was reset', { error });
    });
  }

  #resumed(): void {
    const reasons = [this.hold.lifted(), this.#stall.lifted()].filter((each) => each !== undefined);
    if (reasons.length === 0) return;
    const { instanceId, generation } = this.record;
    // The log may be on the disk that was full, so the reasons are logged (again) now.
    this.#options.logger.log('info', 'paused guest resumed', { pausedBecause: reasons.join('; ') });
    this.#options.emit({ kind: 'resumed', instanceId, generation });
  }

  async #findStall(client: QmpClient, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#options;
    const pause = () => clock.sleep(limits.statusMs, signal).catch(() => {});
    const findHold = () => withoutTrouble(this.hold.find(client));
    // A guest that counts as held and runs would use up the disk.
    let isFound = await findHold();
    for (; isFound === undefined && !signal.aborted; isFound = await findHold()) await pause();
    await withoutTrouble(this.#stall.find(client, signal));
    for (; !isFound && !signal.aborted; isFound = await findHold()) await pause();
  }

  /** A fork's, when its guest has become another instance. One that does not stays without. */
  async #giveCard(client: QmpClient, signal: AbortSignal): Promise<void> {
    const { folder, clock, limits, logger, holding } = this.#options;
    const { instanceId } = this.record;
    const mayGoOn = () => this.hold.mayGoOn;
    const wasReset = () => this.#resets > 0;
    const machine = { folder, instanceId, clock, limits, logger, holding, mayGoOn, wasReset };
    const giving = this.hold.known().then(() => giveForkCard(client, { ...machine, signal }));
    await giving.catch((error: unknown) => {
      if (signal.aborted) return;
      logger.log('warn', 'a fork stays without a network card', { error });
    });
  }

  async #boundLogs(signal: AbortSignal): Promise<void> {
    const { clock, folder, limits, logger } = this.#options;
    const { log, shutdowns } = machineFileNames;
    const cuts = () => [
      boundConsoleLog(folder, limits.serialBytesMax),
      ...[log, shutdowns].map((name) => boundLog(join(folder, name))),
    ];
    while (!signal.aborted) {
      await allEnded(cuts()).catch((error: unknown) => {
        logger.log('warn', 'cannot cut the logs of a machine', { error });
      });
      await clock.sleep(limits.superviseMs, signal).catch(() => {});
    }
  }
}

/** Waits for `work`, which never rejects; false when that takes longer than `timeoutMs`. */
async function within(clock: Clock, timeoutMs: number, work: Promise<void>): Promise<boolean> {
  const done = new AbortController();
  const limit = clock.sleep(timeoutMs, done.signal).then(
    () => false,
    () => true,
  );
  const isDone = await Promise.race([work.then(() => true), limit]);
  done.abort();
  return isDone;
}
