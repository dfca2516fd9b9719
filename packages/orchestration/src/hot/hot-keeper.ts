import { KeyedLock } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { disksAtRest } from './disks-at-rest.ts';
import { HotMaker } from './hot-maker.ts';
import { type HotFacts, planHotMaps } from './plan-hot-maps.ts';
import { readAskedMaps, readHotFacts, readHotRoom } from './read-hot-facts.ts';
import type { RecentLaunches } from './recent-launches.ts';
import { settleFastRestores } from './settle-fast-restores.ts';

type KeeperContext = Pick<
  ReconcilerContext,
  'metadata' | 'engine' | 'clock' | 'logger' | 'hot' | 'snapshots' | 'guestRoom'
>;

/**
 * Makes maps hot that are launched often or asked for, and drops them when the disk gets full: docs/hot-maps.md. No
 * workflow, as a file takes minutes, and one that is cut off leaves nothing: the next look begins again. The three things
 * that it does may be done at the same time, but none of them twice.
 */
export class HotKeeper {
  readonly #context: KeeperContext;
  readonly #launches: Pick<RecentLaunches, 'counts'>;
  readonly #maker: HotMaker;
  readonly #lock = new KeyedLock();

  constructor(context: KeeperContext, launches: Pick<RecentLaunches, 'counts'>) {
    this.#context = context;
    this.#launches = launches;
    this.#maker = new HotMaker(context);
  }

  /**
   * Takes fast restores to the states that are true now, and interrupts the making of a file that is not due any more.
   * Waits for no file.
   */
  async settle(): Promise<void> {
    await this.#settleRestores();
    if (this.#maker.running === undefined) return;
    const demand = await this.#readDemand();
    this.#maker.reconsider(demand, await readHotRoom(this.#context));
  }

  /** Drops what is damaged, and what has to make room. */
  async makeRoom(): Promise<void> {
    const facts = await this.#readFacts();
    if (!facts) return;
    const { drop, missingBytes } = planHotMaps(facts);
    let missing = missingBytes;
    for (const { mapId, state, localBytes } of drop) {
      if (state !== 'damaged' && missing <= 0) return;
      // Its drop would wait for the end of the check, and the others with it.
      if (mapId === this.#maker.running?.mapId) continue;
      if (await this.#drop(mapId)) missing -= localBytes;
    }
  }

  /** Checks or makes at most one map, which takes minutes. */
  async look(): Promise<void> {
    const facts = await this.#readFacts();
    if (!facts) return;
    const { check, make } = planHotMaps(facts);
    const mapId = check ?? make;
    if (mapId === undefined) return;
    const what = check === undefined ? 'make' : 'check';
    await this.#maker.attempt({ what, mapId, isAsked: facts.wanted.has(mapId) });
    await this.#settleRestores();
  }

  /** Interrupts what `look` does. */
  stop(): void {
    this.#maker.stop();
  }

  /** One at a time: another with an older list of maps would take back what this one has settled. */
  #settleRestores(): Promise<void> {
    return this.#lock.run(['fast restores'], async () => {
      while ((await settleFastRestores(this.#context)) > 0);
    });
  }

  async #readDemand() {
    const { metadata, clock } = this.#context;
    const asked = await metadata.read(readAskedMaps);
    return { ...asked, launches: this.#launches.counts(clock.now()) };
  }

  async #readFacts(): Promise<HotFacts | undefined> {
    const facts = await readHotFacts(this.#context, await this.#readDemand());
    return facts && { ...facts, resting: this.#maker.resting() };
  }

  /** Returns whether the map is gone. One that cannot be removed leaves the next one to be tried. */
  async #drop(mapId: BlockMapId): Promise<boolean> {
    const { hot, metadata, logger } = this.#context;
    try {
      const isGone = await hot.drop(mapId, (volumeIds) =>
        metadata.read((reader) => disksAtRest(reader, volumeIds)),
      );
      if (isGone) logger.log('info', 'hot map dropped', { mapId });
      return isGone;
    } catch (error) {
      logger.log('warn', 'hot map not dropped, will be tried again', { mapId, error });
      return false;
    }
  }
}
