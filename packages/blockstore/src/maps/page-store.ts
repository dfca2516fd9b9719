import { hash } from 'node:crypto';
import { contentIdHex, contentKey } from '../format/content-id.ts';
import { decodePage, encodePage, type MapPage, pageBytesMax } from '../format/page-format.ts';
import { RecentCache } from '../read/recent-cache.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import type { TailWriter } from '../segments/tail-writer.ts';
import { ContentMissingError } from '../store-errors.ts';
import { type PageSource, PageUnreadableError } from './map-tree.ts';

/** A page and the name that its bytes give it. */
export interface NamedPage {
  readonly id: Uint8Array;
  readonly page: MapPage;
  readonly bytes: Buffer;
}

export function namePage(page: MapPage): NamedPage {
  const bytes = encodePage(page);
  return { id: hash('sha256', bytes, 'buffer'), page, bytes };
}

/** What a page in memory takes beside its bytes, roughly. */
const pageOverheadBytes = 400;

/** Reads pages, checked against their names, through a cache of bounded size; stores new ones. */
export class PageStore implements PageSource {
  readonly #segments: SegmentSet;
  readonly #tail: TailWriter;
  readonly #cache: RecentCache<MapPage>;
  readonly #inFlight = new Map<string, Promise<MapPage>>();

  constructor(segments: SegmentSet, tail: TailWriter, cacheBytesMax: number) {
    this.#segments = segments;
    this.#tail = tail;
    this.#cache = new RecentCache(cacheBytesMax, ({ ids }) => ids.length + pageOverheadBytes);
  }

  peek(pageId: Uint8Array): MapPage | undefined {
    return this.#cache.get(contentKey(pageId));
  }

  read(pageId: Uint8Array): Promise<MapPage> {
    const key = contentKey(pageId);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return Promise.resolve(cached);
    const shared = this.#inFlight.get(key);
    if (shared !== undefined) return shared;
    const reading = this.#readChecked(pageId, key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, reading);
    return reading;
  }

  /** Reads the page from disk, whatever is in memory: what is wrong with it, undefined when it is good. */
  async check(pageId: Uint8Array): Promise<string | undefined> {
    try {
      await this.#fetch(pageId);
      return undefined;
    } catch (error) {
      if (error instanceof PageUnreadableError) return error.message;
      throw error;
    }
  }

  /** Stores pages that are not stored yet. Written, not yet durable, when it resolves. */
  async put(pages: readonly NamedPage[], epoch: number): Promise<void> {
    const isNew = ({ id }: NamedPage) => !this.#segments.use(id, epoch);
    const records = pages.filter(isNew).map(({ id, bytes }) => ({
      contentId: id,
      bytes,
      compressed: false,
      rawLength: bytes.length,
      usedAt: epoch,
    }));
    await this.#tail.append(records);
    for (const { id, page } of pages) this.#cache.set(contentKey(id), page);
  }

  async #readChecked(pageId: Uint8Array, key: string): Promise<MapPage> {
    const page = await this.#fetch(pageId);
    this.#cache.set(key, page);
    return page;
  }

  async #fetch(pageId: Uint8Array): Promise<MapPage> {
    const bytes = await this.#readBytes(pageId);
    if (typeof bytes === 'string') throw new PageUnreadableError(contentIdHex(pageId), bytes);
    const isNamedSo = hash('sha256', bytes, 'buffer').equals(pageId);
    const page = isNamedSo ? decodePage(bytes) : undefined;
    if (page !== undefined) return page;
    const location = this.#segments.index.find(pageId);
    if (location !== undefined) this.#segments.noteDamage(pageId, location);
    throw new PageUnreadableError(contentIdHex(pageId), 'does not have the checksum of its name');
  }

  /** The stored bytes, or why there are none. */
  async #readBytes(pageId: Uint8Array): Promise<Buffer | string> {
    const { storedLength = 0 } = this.#segments.index.find(pageId) ?? {};
    const target = Buffer.allocUnsafeSlow(Math.min(storedLength, pageBytesMax));
    try {
      const { lengthBytes, location } = await this.#segments.readPayload(pageId, target);
      if (lengthBytes !== 'unreadable') return target.subarray(0, lengthBytes);
      this.#segments.noteDamage(pageId, location);
      return 'cannot be read from its disk (see dmesg)';
    } catch (error) {
      if (error instanceof ContentMissingError) return 'is in no segment';
      throw error;
    }
  }
}
