import { readFile } from 'node:fs/promises';
import type { Clock, KeyedLock, Logger } from '@bakehouse/base';
import type { BlockMapId, SnapshotReader } from '@bakehouse/domain';
import { type HotPaths, hotPaths } from './hot-paths.ts';

/** What hot maps are made from, and compared with. */
export type MapSource = Pick<SnapshotReader, 'find' | 'listBlocks' | 'readBlock'>;

/** What the operations on hot maps share. */
export interface HotContext {
  readonly paths: HotPaths;
  readonly maps: MapSource;
  /** Keyed by map id, among others: whoever makes, checks or removes a hot map holds its lock. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Maps that are being dropped: no disk gets them. */
  readonly retiring: Set<BlockMapId>;
  /** Who chooses what is behind a disk at the moment. */
  readonly choices: Choices;
  /** Whether machines can have hot files; see `canHandHotFiles`. */
  readonly handing: { isPossible?: boolean };
  /** Names this boot of the host. */
  readonly bootId: () => Promise<string>;
}

/** Lets a drop wait for those that have looked at its map before it began. */
class Choices {
  readonly #running = new Map<BlockMapId, Set<Promise<unknown>>>();

  async run<Result>(mapId: BlockMapId, choose: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(mapId) ?? new Set();
    this.#running.set(mapId, running);
    const choice = choose();
    running.add(choice);
    try {
      return await choice;
    } finally {
      running.delete(choice);
      if (running.size === 0) this.#running.delete(mapId);
    }
  }

  /** Resolves when all choices that have begun are recorded, or have failed. */
  async settled(mapId: BlockMapId): Promise<void> {
    await Promise.allSettled(this.#running.get(mapId) ?? []);
  }
}

async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

export function hotContext(
  directory: string,
  parts: Pick<HotContext, 'maps' | 'locks' | 'clock' | 'logger'> & {
    readonly bootId?: HotContext['bootId'];
  },
): HotContext {
  return {
    bootId: readBootId,
    ...parts,
    paths: hotPaths(directory),
    retiring: new Set(),
    choices: new Choices(),
    handing: {},
  };
}
