import type { AheadRoom } from './ahead-room.ts';

/** How far ahead of the guest: little until the order has been right a few times. */
const windowBlocks = { atFirst: 8, max: 64 };
/** Fetches of one reader on their way. */
const runningMax = 4;
/** Reads beside the order that say nothing yet. */
const straysMin = 16;

export interface AheadOptions {
  /** Blocks in the order in which they are expected, each once. */
  readonly order: readonly number[];
  /** Resolves to whether this call brought the block into memory: false when it was there, or is on its way. */
  readonly fetch: (blockIndex: number) => Promise<boolean>;
  readonly room: AheadRoom;
}

type End = 'departed' | 'stopped';

/**
 * Fetches blocks in a known order, a bounded way ahead of a guest that reads them. Goes on only as the guest does, and ends when
 * the guest reads mostly something else, or a block cannot be read.
 */
export class ReadAhead {
  readonly #options: AheadOptions;
  #placeOf: ReadonlyMap<number, number>;
  /** By place: the guest has asked for it. */
  readonly #asked: Uint8Array;
  /** Fetched, or on their way, and not asked for yet. */
  readonly #unread = new Set<number>();
  readonly #onRoom = (): void => this.#fill();
  /** The place behind the last one that the guest has asked for. */
  #frontier = 0;
  /** The place that is looked at next. */
  #next = 0;
  #hits = 0;
  #strays = 0;
  #running = 0;
  #end: End | undefined;
  /** The guest reads nothing new. */
  #isResting = false;

  constructor(options: AheadOptions) {
    this.#options = options;
    this.#placeOf = new Map(options.order.map((block, place) => [block, place]));
    this.#asked = new Uint8Array(options.order.length);
    this.#fill();
  }

  /** The guest read mostly something else. */
  get departed(): boolean {
    return this.#end === 'departed';
  }

  /** The guest asks for this block, for the first time. Returns whether it was, or is being, fetched ahead. */
  asked(blockIndex: number): boolean {
    const wasAhead = this.#unread.delete(blockIndex);
    if (wasAhead) this.#options.room.release(1);
    this.#isResting = false;
    if (this.#end === undefined) this.#follow(blockIndex);
    return wasAhead;
  }

  /** Gives its room to others until the guest asks again. */
  rest(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    // What is still in memory then is not fetched again.
    this.#next = this.#frontier;
    this.#releaseUnread();
  }

  stop(end: End = 'stopped'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#placeOf = new Map();
    this.#releaseUnread();
  }

  #releaseUnread(): void {
    const { room } = this.#options;
    room.leave(this.#onRoom);
    const held = this.#unread.size;
    this.#unread.clear();
    room.release(held);
  }

  /** A read far ahead counts as a stray: another boot may read a block early that this one reads at its end. */
  #follow(blockIndex: number): void {
    const place = this.#placeOf.get(blockIndex);
    if (place === undefined || place >= this.#frontier + windowBlocks.max) {
      this.#strays += 1;
      if (place !== undefined) this.#asked[place] = 1;
      if (this.#strays > straysMin && this.#strays > this.#hits) this.stop('departed');
      return;
    }
    this.#hits += 1;
    this.#asked[place] = 1;
    this.#frontier = Math.max(this.#frontier, place + 1);
    this.#fill();
  }

  #fill(): void {
    const { order, room } = this.#options;
    const ahead = Math.min(windowBlocks.max, windowBlocks.atFirst + this.#hits);
    const end = Math.min(order.length, this.#frontier + ahead);
    const mayGoOn = () => this.#end === undefined && !this.#isResting;
    while (mayGoOn() && this.#next < end && this.#running < runningMax) {
      const block = order[this.#next];
      if (block !== undefined && this.#asked[this.#next] === 0) {
        if (!room.enter(this.#onRoom)) return;
        void this.#fetch(block);
      }
      this.#next += 1;
    }
  }

  async #fetch(block: number): Promise<void> {
    const { fetch, room } = this.#options;
    this.#running += 1;
    this.#unread.add(block);
    try {
      if (!(await fetch(block)) && this.#unread.delete(block)) room.release(1);
    } catch {
      // The guest's own read of it reports why.
      this.stop();
    } finally {
      this.#running -= 1;
      room.fetched();
      this.#fill();
    }
  }
}
