import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock, type Logger } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { isMissing, readFolderIfExists, writeFileDurably } from '@bakehouse/host';
import {
  decodeReadOrder,
  encodeReadOrder,
  orderFileBytesMax,
} from '../format/read-order-format.ts';
import { isMapId, type StoreLayout } from '../format/store-layout.ts';
import { makeFolder } from '../segments/open-segments.ts';
import type { ReadOrder } from './read-order.ts';

export interface OrderFolderOptions {
  readonly layout: Pick<StoreLayout, 'orders' | 'tmp'>;
  readonly logger: Logger;
  readonly hasMap: (mapId: BlockMapId) => boolean;
}

/**
 * The orders in which maps were first read, beside the maps. An order is a hint and nothing else: a file that is torn, of
 * another map or made up is as none, and the next launch writes it again. No failure here fails a read or a launch.
 */
export class OrderFolder {
  readonly #options: OrderFolderOptions;
  readonly #locks = new KeyedLock();

  constructor(options: OrderFolderOptions) {
    this.#options = options;
  }

  /** Removes orders whose maps are gone: a prune was killed before it came to them. */
  async open(): Promise<void> {
    const { layout, hasMap } = this.#options;
    for (const name of await readFolderIfExists(layout.orders)) {
      if (!isMapId(name) || !hasMap(name)) await this.#remove(join(layout.orders, name));
    }
  }

  async find(mapId: BlockMapId): Promise<ReadOrder | undefined> {
    const path = this.#path(mapId);
    try {
      await using file = await open(path, 'r');
      // One byte more than the longest: a longer file is none of ours.
      const bytes = Buffer.alloc(orderFileBytesMax + 1);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      const order = decodeReadOrder(bytes.subarray(0, bytesRead), mapId);
      if (order === undefined) this.#report('is no order of this map', path);
      return order;
    } catch (error) {
      if (!isMissing(error)) this.#report('cannot be read', path, error);
      return undefined;
    }
  }

  /** Replaces the order of a map. A map that is removed meanwhile keeps none. */
  async keep(mapId: BlockMapId, order: ReadOrder): Promise<void> {
    const { layout, hasMap } = this.#options;
    const path = this.#path(mapId);
    await this.#locks.run([mapId], async () => {
      if (!hasMap(mapId)) return;
      try {
        await makeFolder(layout.orders);
        const unfinished = join(layout.tmp, `order-${mapId}`);
        await writeFileDurably(path, encodeReadOrder(mapId, order), unfinished);
      } catch (error) {
        this.#report('cannot be written', path, error);
      }
    });
  }

  /** The maps are removed already. */
  async remove(mapIds: readonly BlockMapId[]): Promise<void> {
    for (const mapId of mapIds) {
      await this.#locks.run([mapId], () => this.#remove(this.#path(mapId)));
    }
  }

  async #remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true }).catch((error: unknown) =>
      this.#report('cannot be removed', path, error),
    );
  }

  #report(problem: string, path: string, error?: unknown): void {
    this.#options.logger.log('warn', `the order of a map's first reads ${problem}`, {
      path,
      ...(error === undefined ? {} : { error }),
    });
  }

  #path(mapId: BlockMapId): string {
    return join(this.#options.layout.orders, mapId);
  }
}
