import type { Clock, Logger } from '@bakehouse/base';
import type { MetadataStore, VolumeId } from '@bakehouse/domain';
import type { LaneWatcher } from '../workflow/lane-watcher.ts';
import { retryPauseMs } from '../workflow/run.ts';

export interface HydratorOptions {
  readonly metadata: MetadataStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Fills the volume as far as it comes. `over`: there is nothing more to do for it. */
  readonly fill: (volumeId: VolumeId, signal: AbortSignal) => Promise<'over' | 'later'>;
  /** Takes its disk from a hydration that this control plane does not run: an earlier one's. */
  readonly end: (volumeId: VolumeId) => Promise<void>;
}

/**
 * Fills volumes in the background as their records ask. It is no work in a lane, as it may take hours: work in a
 * volume's lane (a snapshot, an attachment, a stop, the deletion) interrupts it, and it goes on afterwards.
 */
export interface Hydrator extends LaneWatcher {
  /** Finds the volumes that were being filled; to be called once, before work takes lanes again. */
  find(): Promise<void>;
  /** Goes on with those that were found, now that it is known which lanes are taken. */
  resume(): void;
  /** There is a volume, committed, whose record asks to be filled. */
  wake(volumeId: VolumeId): void;
  /** Interrupts all of it and forgets it; the records say what the next control plane goes on with. */
  stop(): Promise<void>;
}

interface Entry {
  run?: Promise<void>;
  interrupt?: AbortController;
  /** Failed a moment ago. */
  isResting: boolean;
  failures: number;
}

/** Reads and writes compete with guests for the disk: so few at once. */
const atOnceMax = 2;

const isVolume = (lane: string): lane is VolumeId => lane.startsWith('vol-');

export function createHydrator(options: HydratorOptions): Hydrator {
  const { metadata, clock, logger, fill, end } = options;
  const wanted = new Map<VolumeId, Entry>();
  const taken = new Map<VolumeId, number>();
  let stopping = new AbortController();

  const rest = async (entry: Entry) => {
    entry.isResting = true;
    entry.failures += 1;
    await clock.sleep(retryPauseMs(entry.failures), stopping.signal).catch(() => {});
    entry.isResting = false;
    pump();
  };

  const run = async (volumeId: VolumeId, entry: Entry, interrupt: AbortController) => {
    const outcome = await fill(volumeId, interrupt.signal).catch((error: unknown) => {
      logger.log('warn', 'volume not hydrated, trying again', { volumeId, error });
      return 'later' as const;
    });
    delete entry.run;
    if (outcome === 'over') wanted.delete(volumeId);
    else if (!interrupt.signal.aborted) void rest(entry);
    pump();
  };

  const pump = () => {
    let running = [...wanted.values()].filter((entry) => entry.run).length;
    for (const [volumeId, entry] of wanted) {
      if (running >= atOnceMax) return;
      if (entry.run || entry.isResting || taken.has(volumeId)) continue;
      entry.interrupt = new AbortController();
      entry.run = run(volumeId, entry, entry.interrupt);
      running += 1;
    }
  };

  const add = (volumeId: VolumeId) => {
    if (!wanted.has(volumeId)) wanted.set(volumeId, { isResting: false, failures: 0 });
  };

  const interrupt = async (volumeId: VolumeId) => {
    const entry = wanted.get(volumeId);
    if (!entry) return;
    entry.interrupt?.abort(new Error(`${volumeId} is wanted by other work`));
    await entry.run;
    await end(volumeId).catch((error: unknown) => {
      // What comes next finds the disk busy, and says so or tries again by its own rules.
      logger.log('warn', 'a hydration does not give way', { volumeId, error });
    });
  };

  return {
    async find() {
      const volumes = await metadata.read((tx) => tx.list('volume'));
      for (const { id, initialization } of volumes) {
        if (initialization?.state === 'initializing') add(id);
      }
    },
    resume: pump,
    wake(volumeId) {
      add(volumeId);
      pump();
    },
    async take(lanes) {
      const volumes = [...new Set(lanes)].filter(isVolume);
      for (const volumeId of volumes) taken.set(volumeId, (taken.get(volumeId) ?? 0) + 1);
      await Promise.all(volumes.map(interrupt));
    },
    free(lanes) {
      for (const volumeId of [...new Set(lanes)].filter(isVolume)) {
        const left = (taken.get(volumeId) ?? 1) - 1;
        if (left > 0) taken.set(volumeId, left);
        else taken.delete(volumeId);
      }
      pump();
    },
    async stop() {
      stopping.abort();
      stopping = new AbortController();
      const entries = [...wanted.values()];
      wanted.clear();
      for (const entry of entries) entry.interrupt?.abort(new Error('the control plane stops'));
      await Promise.all(entries.map((entry) => entry.run));
    },
  };
}
