import type { Clock, Logger } from '@bakehouse/base';
import type { MetadataStore, Volume, VolumeId } from '@bakehouse/domain';
import { type LaneWatcher, pauseMs, untilDone } from '@bakehouse/workflow-engine';

export interface HydratorOptions {
  readonly metadata: MetadataStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the volume is on the host whose disks `fill` can write. */
  readonly isHere: (volume: Volume) => boolean;
  /** Fills the volume as far as possible now. `over`: nothing is left to do for it. */
  readonly fill: (volumeId: VolumeId, signal: AbortSignal) => Promise<'over' | 'later'>;
  /** Ends a hydration of the disk that an earlier control plane began. */
  readonly end: (volumeId: VolumeId) => Promise<void>;
}

/**
 * Fills volumes in the background as their records ask. Not a workflow, as it may take hours: work in a volume's
 * lane (a snapshot, an attachment, a stop, the deletion) interrupts it, and it continues afterwards.
 */
export interface Hydrator extends LaneWatcher {
  /** Finds the volumes of this host that were being filled. Call once, before work takes lanes again. */
  find(): Promise<void>;
  /** Continues those found, now that the taken lanes are known. */
  resume(): void;
  /** Fills this volume, whose committed record asks for it. */
  wake(volumeId: VolumeId): void;
  /** Interrupts and forgets everything; the next control plane continues from the records. */
  stop(): Promise<void>;
}

interface Entry {
  run?: Promise<void>;
  interrupt?: AbortController;
  /** Failed a moment ago. */
  isResting: boolean;
  failures: number;
}

/** Few at once: their reads and writes compete with guests for the disk. */
const atOnceMax = 2;

const isVolume = (lane: string): lane is VolumeId => lane.startsWith('vol-');

const volumesOf = (lanes: readonly string[]) => [...new Set(lanes)].filter(isVolume);

class BackgroundHydrator implements Hydrator {
  readonly #options: HydratorOptions;
  readonly #wanted = new Map<VolumeId, Entry>();
  /** How many workflows hold each volume's lane. */
  readonly #taken = new Map<VolumeId, number>();
  #stopping = new AbortController();

  constructor(options: HydratorOptions) {
    this.#options = options;
  }

  async find(): Promise<void> {
    const { metadata, isHere } = this.#options;
    const volumes = await metadata.read((tx) => tx.list('volume'));
    for (const { id, initialization } of volumes.filter(isHere)) {
      if (initialization?.state === 'initializing') this.#add(id);
    }
  }

  resume(): void {
    this.#pump();
  }

  wake(volumeId: VolumeId): void {
    this.#add(volumeId);
    this.#pump();
  }

  async take(lanes: readonly string[]): Promise<void> {
    const volumes = volumesOf(lanes);
    for (const volumeId of volumes) {
      this.#taken.set(volumeId, (this.#taken.get(volumeId) ?? 0) + 1);
    }
    await Promise.all(volumes.map((volumeId) => this.#interrupt(volumeId)));
  }

  free(lanes: readonly string[]): void {
    for (const volumeId of volumesOf(lanes)) {
      const left = (this.#taken.get(volumeId) ?? 1) - 1;
      if (left > 0) this.#taken.set(volumeId, left);
      else this.#taken.delete(volumeId);
    }
    this.#pump();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    const entries = [...this.#wanted.values()];
    this.#wanted.clear();
    for (const entry of entries) entry.interrupt?.abort(new Error('the control plane stops'));
    await Promise.all(entries.map((entry) => entry.run));
  }

  #add(volumeId: VolumeId): void {
    if (!this.#wanted.has(volumeId)) this.#wanted.set(volumeId, { isResting: false, failures: 0 });
  }

  #pump(): void {
    let running = [...this.#wanted.values()].filter((entry) => entry.run).length;
    for (const [volumeId, entry] of this.#wanted) {
      if (running >= atOnceMax) return;
      if (entry.run || entry.isResting || this.#taken.has(volumeId)) continue;
      entry.interrupt = new AbortController();
      entry.run = this.#run(volumeId, entry, entry.interrupt);
      running += 1;
    }
  }

  async #run(volumeId: VolumeId, entry: Entry, interrupt: AbortController): Promise<void> {
    const { fill, logger } = this.#options;
    const outcome = await fill(volumeId, interrupt.signal).catch((error: unknown) => {
      logger.log('warn', 'volume not hydrated, will be tried again', { volumeId, error });
      return 'later' as const;
    });
    delete entry.run;
    if (outcome === 'over') this.#wanted.delete(volumeId);
    else if (!interrupt.signal.aborted) void this.#rest(entry);
    this.#pump();
  }

  async #rest(entry: Entry): Promise<void> {
    entry.isResting = true;
    entry.failures += 1;
    const { signal } = this.#stopping;
    const restMs = pauseMs(untilDone, entry.failures);
    await this.#options.clock.sleep(restMs, signal).catch(() => {});
    entry.isResting = false;
    this.#pump();
  }

  async #interrupt(volumeId: VolumeId): Promise<void> {
    const entry = this.#wanted.get(volumeId);
    if (!entry) return;
    entry.interrupt?.abort(new Error(`${volumeId} is needed by other work`));
    await entry.run;
    await this.#options.end(volumeId).catch((error: unknown) => {
      // The work that follows finds the disk busy, and fails or retries by its own rules.
      this.#options.logger.log('warn', 'hydration did not release its disk', { volumeId, error });
    });
  }
}

export const createHydrator = (options: HydratorOptions): Hydrator =>
  new BackgroundHydrator(options);
