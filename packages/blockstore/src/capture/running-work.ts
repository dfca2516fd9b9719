import { type BlockMapId, MapMissingError } from '@bakehouse/domain';
import type { MapCatalogue, OpenedMap } from '../maps/map-catalogue.ts';
import type { MapTree } from '../maps/map-tree.ts';

/**
 * What prune must leave alone beside what maps reach: maps in the making, and the trees that they are based on. And what
 * the store must not close under: these, and all else that uses its files.
 */
export class RunningWork {
  readonly #maps = new Map<BlockMapId, Promise<unknown>>();
  readonly #bases = new Set<MapTree>();
  readonly #others = new Set<Promise<unknown>>();

  /** Maps that are being made. */
  mapIds(): ReadonlySet<BlockMapId> {
    return new Set(this.#maps.keys());
  }

  bases(): Iterable<MapTree> {
    return this.#bases;
  }

  /** Makes a map: of two calls for one map the second waits for the first, and then runs. */
  async make<Result>(mapId: BlockMapId, work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const other = this.#maps.get(mapId);
      if (other === undefined) break;
      await other.catch(() => {});
    }
    const running = work().finally(() => this.#maps.delete(mapId));
    this.#maps.set(mapId, running);
    return running;
  }

  /** Does work for `ended` to wait for, which prune need not see: of drafts it sees these, and the epochs of writes. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = work();
    this.#others.add(running);
    try {
      return await running;
    } finally {
      this.#others.delete(running);
    }
  }

  /** Opens a map to base another one on. What it reaches is kept until the returned function is called. */
  async holdBase(
    maps: MapCatalogue,
    mapId: BlockMapId,
  ): Promise<{ readonly base: OpenedMap; readonly release: () => void }> {
    const base = await maps.read(mapId);
    // Removed while it was read: a prune may have passed it already.
    if (!maps.has(mapId)) throw new MapMissingError(mapId);
    this.#bases.add(base.tree);
    return { base, release: () => this.#bases.delete(base.tree) };
  }

  /** Resolves when all that has begun has ended, well or not. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#maps.values(), ...this.#others]);
  }
}
