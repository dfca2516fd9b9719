import { constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Clock,
  type Logger,
  MiB,
  minuteMs,
  secondMs,
  type TimestampMs,
} from '@bakehouse/base';
import {
  bootConsoleBytesMax,
  type ConsoleArrival,
  type InstanceId,
  type MachineBoot,
  type ReadReporter,
  type StartedDisk,
} from '@bakehouse/domain';
import {
  isMissing,
  NotPlainError,
  openPlainFile,
  readPlainFile,
  statIfExists,
} from '@bakehouse/host';
import { type BootRecord, mergedReads, parseBootRecord } from './boot-record.ts';
import { machineFileNames } from './machine-files.ts';
import { readMemoryUse, writeMemoryUse } from './memory-use.ts';

/** A look at the size of a file costs 20 µs of a core. */
const closeLooks = { everyMs: 200, forMs: 2 * minuteMs };
const wideLooks = { everyMs: secondMs, forMs: 10 * minuteMs };
/** What a reader does not see yet, and a killed server loses. */
const saveEveryMs = secondMs;
/** One question to the block server, while the guest boots from it. */
const readsEveryMs = secondMs;
/** An arrival is 40 bytes, and there are 1,200 at most; an entry of reads has up to 20 KB, and there are 32 at most. */
const recordBytesMax = MiB;

interface WatchOptions {
  readonly folder: string;
  readonly generation: number;
  /** What it starts with. */
  readonly disks: readonly StartedDisk[];
  readonly reads: Pick<ReadReporter, 'ofVolumes'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Watches one start of a machine: notes when its process was started and when it responded, and looks at the size of
 * its serial log, and at what it reads through the block server, while the guest boots. Nobody waits for what it writes,
 * and a failure of it harms no machine.
 */
export class BootWatch {
  readonly #options: WatchOptions;
  readonly #stopping = new AbortController();
  #record: BootRecord;
  #hasResponded = false;
  #lookedAt: TimestampMs;

  private constructor(options: WatchOptions, record: BootRecord) {
    this.#options = options;
    this.#record = record;
    this.#lookedAt = record.spawnedAt;
  }

  /** To be called right before the machine's process is started. Looks at the console from now on, until `stop`. */
  static async begin(options: WatchOptions): Promise<BootWatch> {
    const { folder, generation, disks, clock } = options;
    const log = await statIfExists(join(folder, machineFileNames.serial));
    const now = clock.now();
    const times = { spawnedAt: now, respondedAt: now };
    const consoleFrom = log?.size ?? 0;
    const marks = { version: 1, generation, ...times, consoleFrom, arrivals: [] } as const;
    const watch = new BootWatch(options, { ...marks, disks, reads: [] });
    for (const work of [watch.#watch(), watch.#watchReads()]) {
      work.catch((error: unknown) => {
        if (watch.#stopping.signal.aborted || isMissing(error)) return;
        options.logger.log('warn', 'cannot record how a machine boots', { error });
      });
    }
    return watch;
  }

  /** To be called before the guest of a machine begins that was to go on from memory. Resolves when it is on disk. */
  async noteMemory(
    memory: { readonly bootedBecause: string } | { readonly forkOf?: InstanceId },
  ): Promise<void> {
    const respondedAt = this.#options.clock.now();
    const outcome = 'bootedBecause' in memory ? memory : { restoredAt: respondedAt, ...memory };
    this.#record = { ...this.#record, respondedAt, memory: outcome };
    await writeMemoryUse(this.#options.folder, this.#record);
  }

  /** To be called when the machine has responded: from now on there is something to read. */
  responded(): void {
    this.#record = { ...this.#record, respondedAt: this.#options.clock.now() };
    this.#hasResponded = true;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #watch(): Promise<void> {
    const { clock, logger } = this.#options;
    const begunAt = clock.elapsed();
    let savedAt = Number.NEGATIVE_INFINITY;
    let saved: BootRecord | undefined;
    let isCounting = true;
    for (;;) {
      const passedMs = clock.elapsed() - begunAt;
      if (passedMs > wideLooks.forMs) break;
      const { everyMs } = passedMs < closeLooks.forMs ? closeLooks : wideLooks;
      await clock.sleep(everyMs, this.#stopping.signal);
      if (isCounting && !(await this.#look())) {
        isCounting = false;
        logger.log('info', 'a console was cut while its machine boots: no more times of lines');
      }
      const isDue = this.#hasResponded && clock.elapsed() - savedAt >= saveEveryMs;
      if (!isDue || saved === this.#record) continue;
      saved = this.#record;
      await this.#save();
      savedAt = clock.elapsed();
    }
    if (this.#hasResponded && saved !== this.#record) await this.#save();
  }

  /** Nobody waits for the block server: a look that it does not respond to is left out. */
  async #watchReads(): Promise<void> {
    const { disks, reads, clock, logger } = this.#options;
    const volumeIds = disks.flatMap(({ volumeId, backing }) =>
      backing === 'store' ? volumeId : [],
    );
    if (volumeIds.length === 0) return;
    let isFailing = false;
    for (const begunAt = clock.elapsed(); clock.elapsed() - begunAt <= wideLooks.forMs; ) {
      await clock.sleep(readsEveryMs, this.#stopping.signal);
      const found = await reads.ofVolumes(volumeIds).catch((error: unknown) => {
        if (!isFailing) logger.log('warn', 'cannot count what a machine reads', { error });
        return undefined;
      });
      isFailing = found === undefined;
      if (found === undefined) continue;
      // A machine that ran before may have had the volume open.
      const ours = found.filter(({ since }) => since >= this.#record.spawnedAt);
      const before = this.#record.reads ?? [];
      const after = mergedReads(before, ours);
      if (readsIn(after) !== readsIn(before)) this.#record = { ...this.#record, reads: after };
    }
  }

  /** False when the log was cut, so that its bytes cannot be counted from the machine's start any more. */
  async #look(): Promise<boolean> {
    const { folder, clock } = this.#options;
    const { consoleFrom, arrivals } = this.#record;
    const log = await statIfExists(join(folder, machineFileNames.serial));
    const bytes = (log?.size ?? consoleFrom) - consoleFrom;
    const before = arrivals.at(-1)?.[1] ?? 0;
    if (bytes < before) return false;
    const now = clock.now();
    if (bytes > before) {
      this.#record = { ...this.#record, arrivals: [...arrivals, [now, bytes, this.#lookedAt]] };
    }
    this.#lookedAt = now;
    return true;
  }

  /** Without a flush: after a power failure there is no machine that boots either. */
  async #save(): Promise<void> {
    const path = join(this.#options.folder, machineFileNames.boot);
    await writeFile(path, JSON.stringify(this.#record), { mode: 0o600 });
  }
}

/** The last start of the machine of this folder; undefined when none is recorded. */
export async function readMachineBoot(folder: string): Promise<MachineBoot | undefined> {
  const path = join(folder, machineFileNames.boot);
  const read = readPlainFile(path, { bytesMax: recordBytesMax }).catch((error: unknown) => {
    if (error instanceof NotPlainError) return undefined;
    throw error;
  });
  const record = later(parseBootRecord((await read)?.toString()), await readMemoryUse(folder));
  if (!record) return undefined;
  const { generation, spawnedAt, respondedAt, consoleFrom } = record;
  const arrivals = record.arrivals.map(
    ([at, bytes, since]): ConsoleArrival => ({ at, bytes, since }),
  );
  const written = await readFrom(join(folder, machineFileNames.serial), consoleFrom);
  const { disks, reads, memory } = record;
  const times = {
    generation,
    spawnedAt,
    respondedAt,
    ...(disks && { disks }),
    ...(reads && { reads }),
    ...(memory && { memory }),
  };
  // A shorter log was cut after the last look.
  if (!written || written.sizeBytes < (arrivals.at(-1)?.bytes ?? 0)) {
    return { ...times, arrivals: [] };
  }
  return { ...times, console: written.bytes, arrivals };
}

/** A server that is killed may not have saved what it knows of a start but how its guest began. */
function later(saved: BootRecord | undefined, use: BootRecord | undefined): BootRecord | undefined {
  return use && (!saved || saved.spawnedAt < use.spawnedAt) ? use : saved;
}

/** The bytes of a file after `from`, at most as many as are kept of a boot, and how many there are. */
async function readFrom(
  path: string,
  from: number,
): Promise<{ bytes: Uint8Array; sizeBytes: number } | undefined> {
  if (!(await statIfExists(path))) return undefined;
  await using file = await openPlainFile(path, constants.O_RDONLY);
  const sizeBytes = (await file.stat()).size - from;
  if (sizeBytes < 0) return undefined;
  const buffer = Buffer.alloc(Math.min(sizeBytes, bootConsoleBytesMax));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return { bytes: buffer.subarray(0, bytesRead), sizeBytes };
}

const readsIn = (all: MachineBoot['reads'] = []) =>
  all.reduce((sum, { total }) => sum + total.reads, 0);
