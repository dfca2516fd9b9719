import { type SerialQueue, serialQueue } from '@bakehouse/base';

interface Waiting<Item, Result> extends PromiseWithResolvers<Result> {
  readonly item: Item;
}

/** Does a thing for several items at once: the results in their order. Rejected: it is repeated for each item alone. */
export type Together<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

/** Runs tasks one after the other, in the order of the calls. Calls of one kind that wait side by side share a turn. */
export class Turns {
  readonly #serially: SerialQueue = serialQueue();
  /** The shared turn at the end of the queue, while it has not begun: others may join it. */
  #joinable: unknown;

  alone<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#joinable = undefined;
    return this.#serially(task);
  }

  /** A call for one item. A failure of one item fails no other. */
  together<Item, Result>(perform: Together<Item, Result>): (item: Item) => Promise<Result> {
    let batch: Waiting<Item, Result>[] = [];
    return (item) => {
      if (this.#joinable !== batch) {
        batch = [];
        this.#begin(batch, perform);
      }
      const waiting = { item, ...Promise.withResolvers<Result>() };
      batch.push(waiting);
      return waiting.promise;
    };
  }

  #begin<Item, Result>(
    batch: readonly Waiting<Item, Result>[],
    perform: Together<Item, Result>,
  ): void {
    this.#joinable = batch;
    void this.#serially(async () => {
      if (this.#joinable === batch) this.#joinable = undefined;
      await settle(batch, perform);
    });
  }
}

async function settle<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  perform: Together<Item, Result>,
): Promise<void> {
  try {
    const results = await perform(batch.map(({ item }) => item));
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
  } catch (error) {
    if (batch.length > 1) for (const each of batch) await settle([each], perform);
    else for (const { reject } of batch) reject(error);
  }
}
