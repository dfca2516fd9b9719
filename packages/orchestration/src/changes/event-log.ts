import { setMaxListeners } from 'node:events';
import type { PlatformEvent } from '@bakehouse/admin-api';
import type { AccountId, SharedWith } from '@bakehouse/domain';

/** Who may see an event: everyone or these accounts, but for those of `except`. */
export interface Audience extends SharedWith {
  readonly except?: readonly AccountId[];
}

const includes = ({ everyone, accountIds, except = [] }: Audience, accountId: AccountId) =>
  (everyone || accountIds.includes(accountId)) && !except.includes(accountId);

export interface EventQuery {
  readonly accountId: AccountId;
  /** The position of the last event that the reader has seen; absent: only what comes from now on. */
  readonly after?: string;
  readonly wanted?: (event: PlatformEvent) => boolean;
}

/** What a reader gets, with the position to go on from. */
export type LogEntry =
  /** The first entry. What is read of the records from now on is at least as new as this position. */
  | { readonly type: 'start'; readonly position: string }
  /** Events are missing here: read the records again. */
  | { readonly type: 'gap'; readonly position: string }
  | { readonly type: 'event'; readonly position: string; readonly event: PlatformEvent };

interface Slot {
  readonly event: PlatformEvent;
  readonly audience: Audience;
}

/**
 * The last events, in memory. A reader is a place in it and holds nothing. A reader that falls behind by more than the
 * log's capacity gets a gap. A position names its process, so after a restart it is a gap too.
 */
export class EventLog {
  readonly #stamp: string;
  readonly #capacity: number;
  readonly #slots: Slot[] = [];
  /** How many events there have been. Event N (from 0) is in slot N modulo the capacity. */
  #count = 0;
  /** Events before this one cannot be read any more, whatever is still in its slot. */
  #first = 0;
  #more = Promise.withResolvers<void>();

  constructor({ stamp, capacity }: { readonly stamp: string; readonly capacity: number }) {
    this.#stamp = stamp;
    this.#capacity = capacity;
  }

  append(event: PlatformEvent, audience: Audience): void {
    this.#slots[this.#count % this.#capacity] = { event, audience };
    this.#count += 1;
    this.#first = Math.max(this.#first, this.#count - this.#capacity);
    this.#wake();
  }

  /** Every reader has a gap here: the records have changed without events. */
  interrupt(): void {
    // A place of its own, so that readers that have seen everything notice, too.
    this.#count += 1;
    this.#first = this.#count;
    this.#wake();
  }

  get position(): string {
    return this.#positionOf(this.#count);
  }

  /** Ends when the signal is aborted. */
  async *read(
    { accountId, after, wanted = () => true }: EventQuery,
    signal: AbortSignal,
  ): AsyncGenerator<LogEntry, void, undefined> {
    const isFor = ({ event, audience }: Slot) => includes(audience, accountId) && wanted(event);
    let next = after === undefined ? this.#count : this.#placeOf(after);
    if (next !== undefined) yield { type: 'start', position: this.#positionOf(next) };
    while (!signal.aborted) {
      if (next === undefined || next < this.#first) {
        next = this.#count;
        yield { type: 'gap', position: this.#positionOf(next) };
        continue;
      }
      if (next >= this.#count) {
        await this.#untilMore(signal);
        continue;
      }
      const slot = this.#slots[next % this.#capacity];
      next += 1;
      if (slot && isFor(slot)) {
        yield { type: 'event', position: this.#positionOf(next), event: slot.event };
      }
    }
  }

  #positionOf(count: number): string {
    return `${this.#stamp}-${count}`;
  }

  /** Undefined for a position that this log did not give. */
  #placeOf(position: string): number | undefined {
    const [, stamp, digits] = /^(.*)-(\d{1,15})$/.exec(position) ?? [];
    const place = Number(digits);
    return stamp === this.#stamp && place <= this.#count ? place : undefined;
  }

  #wake(): void {
    const { resolve } = this.#more;
    this.#more = Promise.withResolvers();
    resolve();
  }

  async #untilMore(signal: AbortSignal): Promise<void> {
    using waiting = abortOf(signal);
    await Promise.race([this.#more.promise, waiting.promise]);
  }
}

/** Resolves when the signal is aborted; disposing of it removes its listener. */
function abortOf(signal: AbortSignal): { readonly promise: Promise<void> } & Disposable {
  const { promise, resolve } = Promise.withResolvers<void>();
  setMaxListeners(0, signal);
  const onAbort = () => resolve();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) };
}
