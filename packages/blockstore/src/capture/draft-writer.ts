import type { BlockMapId } from '@bakehouse/domain';
import type { DraftEntry } from '../format/draft-format.ts';
import type { DraftFolder } from '../maps/draft-folder.ts';
import type { FlushWatch } from '../segments/tail-writer.ts';

interface WaitingEntry {
  readonly mapId: BlockMapId;
  readonly entry: DraftEntry;
  /** Since before the chunk was looked up. */
  readonly watch: FlushWatch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Makes written blocks durable: entries that wait at the same time share the flush of the chunks and of the draft. */
export class DraftWriter {
  readonly #drafts: DraftFolder;
  #waiting: WaitingEntry[] = [];
  #isWorking = false;

  constructor(drafts: DraftFolder) {
    this.#drafts = drafts;
  }

  /** Durable when it resolves. The chunk must have been appended. */
  add(mapId: BlockMapId, entry: DraftEntry, watch: FlushWatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ mapId, entry, watch, resolve, reject });
      if (!this.#isWorking) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const byDraft = Map.groupBy(await flushed(batch), ({ mapId }) => mapId);
      await Promise.all(byDraft.entries().map(([mapId, entries]) => this.#append(mapId, entries)));
    }
    this.#isWorking = false;
  }

  async #append(mapId: BlockMapId, waiting: readonly WaitingEntry[]): Promise<void> {
    try {
      await this.#drafts.append(
        mapId,
        waiting.map(({ entry }) => entry),
      );
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

/** Those whose chunks are durable now; the first one's flush does it for all. The others learn of their failure. */
async function flushed(batch: readonly WaitingEntry[]): Promise<readonly WaitingEntry[]> {
  const good: WaitingEntry[] = [];
  for (const waiting of batch) {
    try {
      await waiting.watch.sync();
      good.push(waiting);
    } catch (error) {
      waiting.reject(error);
    }
  }
  return good;
}
