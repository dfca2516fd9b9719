import { contentIdAt, contentIdBytes } from './content-id.ts';

/** See docs/formats/snapshot-map.md, "Pages". */
export const placesPerPage = 64;
export const levelMax = 5;
const pageMagic = Buffer.from('BHPG', 'latin1');
const formatVersion = 2;
const headerBytes = 16;
export const pageBytesMax = headerBytes + placesPerPage * contentIdBytes;

/** One node of a map's tree. Immutable. */
export interface MapPage {
  /** 0 is a leaf, whose places are blocks. */
  readonly level: number;
  /** Which of places 0 to 31, and of 32 to 63, are filled: bit p for place p. */
  readonly low: number;
  readonly high: number;
  /** The names of what is in the filled places, in order of place. */
  readonly ids: Uint8Array;
}

/** How many blocks a page of this level covers; a place of the level above has as many. */
export function pageSpan(level: number): number {
  return placesPerPage ** (level + 1);
}

/** The level of the root of a disk with this many blocks: the least that covers it. */
export function rootLevel(blockCount: number): number {
  let level = 0;
  while (pageSpan(level) < blockCount) level += 1;
  return level;
}

function countBits(bits: number): number {
  let value = bits - ((bits >>> 1) & 0x5555_5555);
  value = (value & 0x3333_3333) + ((value >>> 2) & 0x3333_3333);
  return (Math.imul((value + (value >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24) & 0x3f;
}

export function filledCount({ low, high }: Pick<MapPage, 'low' | 'high'>): number {
  return countBits(low) + countBits(high);
}

/** The name of what is in a place; undefined when it is empty. A view of the page's bytes. */
export function childAt(page: MapPage, place: number): Uint8Array | undefined {
  const bits = place < 32 ? page.low : page.high;
  const bit = 1 << (place & 31);
  if ((bits & bit) === 0) return undefined;
  const before = countBits(bits & (bit - 1));
  return contentIdAt(page.ids, place < 32 ? before : before + countBits(page.low));
}

export interface Child {
  readonly place: number;
  readonly id: Uint8Array;
}

/** The filled places in order. */
export function* children(page: MapPage): Generator<Child> {
  let position = 0;
  for (let place = 0; place < placesPerPage; place += 1) {
    const bits = place < 32 ? page.low : page.high;
    if ((bits & (1 << (place & 31))) === 0) continue;
    yield { place, id: contentIdAt(page.ids, position) };
    position += 1;
  }
}

/** The page with these 64 places; undefined when all are empty. */
export function makePage(
  level: number,
  places: readonly (Uint8Array | undefined)[],
): MapPage | undefined {
  const filled = places.filter((id) => id !== undefined);
  if (filled.length === 0) return undefined;
  let low = 0;
  let high = 0;
  for (const [place, id] of places.entries()) {
    if (id === undefined) continue;
    if (place < 32) low |= 1 << place;
    else high |= 1 << (place - 32);
  }
  return { level, low: low >>> 0, high: high >>> 0, ids: Buffer.concat(filled) };
}

export function encodePage({ level, low, high, ids }: MapPage): Buffer {
  const bytes = Buffer.allocUnsafeSlow(headerBytes + ids.length);
  pageMagic.copy(bytes, 0);
  bytes.writeUInt8(formatVersion, 4);
  bytes.writeUInt8(level, 5);
  bytes.writeUInt16BE(0, 6);
  bytes.writeUInt32BE(high, 8);
  bytes.writeUInt32BE(low, 12);
  bytes.set(ids, headerBytes);
  return bytes;
}

/** Undefined when these bytes are no page. */
export function decodePage(bytes: Buffer): MapPage | undefined {
  if (bytes.length <= headerBytes || !bytes.subarray(0, 4).equals(pageMagic)) return undefined;
  const level = bytes.readUInt8(5);
  const isKnown = bytes.readUInt8(4) === formatVersion && bytes.readUInt16BE(6) === 0;
  if (!isKnown || level > levelMax) return undefined;
  const page = {
    level,
    low: bytes.readUInt32BE(12),
    high: bytes.readUInt32BE(8),
    ids: bytes.subarray(headerBytes),
  };
  return page.ids.length === filledCount(page) * contentIdBytes ? page : undefined;
}
