import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MapDamagedError } from '../store-errors.ts';
import { blockSizeBytes } from './block-size.ts';
import { contentIdBytes } from './content-id.ts';
import {
  decodeDraftEntry,
  decodeDraftHeader,
  encodeDraftEntry,
  encodeDraftHeader,
} from './draft-format.ts';
import { decodeHead, encodeHead } from './map-head-format.ts';
import {
  childAt,
  children,
  decodePage,
  encodePage,
  levelMax,
  makePage,
  pageBytesMax,
  pageSpan,
  placesPerPage,
  rootLevel,
} from './page-format.ts';
import {
  decodeRecordHeader,
  decodeSegmentHeader,
  encodeRecordHeader,
  encodeSegmentHeader,
} from './record-format.ts';
import { decodeSegmentIndex, encodeSegmentIndex } from './segment-index-format.ts';

const mapId = 'map-0123456789abcdef0';
const anyId = fc.uint8Array({ minLength: contentIdBytes, maxLength: contentIdBytes });
const someId = anyId.filter((id) => id.some((byte) => byte !== 0));
const anyKeyId = fc.option(
  fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .filter((id) => id.some((byte) => byte !== 0))
    .map((id) => Buffer.from(id).toString('hex')),
  { nil: undefined },
);

/** One byte of `bytes` changed. */
function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ 0x10;
  return copy;
}

const anyHead = fc
  .record({
    sizeBytes: fc.maxSafeNat(),
    blockCount: fc.nat(),
    readBytes: fc.maxSafeNat(),
    addedBytes: fc.maxSafeNat(),
    keyId: anyKeyId,
    root: someId,
  })
  .map(
    (head) => ({ mapId, ...head, root: head.blockCount === 0 ? undefined : head.root }) as const,
  );

test('a head comes back as it was; with any byte changed or cut off it is refused', () => {
  fc.assert(
    fc.property(anyHead, fc.nat(), (head, at) => {
      const bytes = encodeHead(head);
      const decoded = decodeHead(bytes, mapId);
      expect({ ...decoded, root: decoded.root && Uint8Array.from(decoded.root) }).toEqual(head);
      expect(() => decodeHead(flipped(bytes, at), mapId)).toThrow(MapDamagedError);
      expect(() => decodeHead(bytes.subarray(0, at % bytes.length), mapId)).toThrow(
        MapDamagedError,
      );
      expect(() => decodeHead(bytes, 'map-1')).toThrow('file of another map');
    }),
  );
});

const anyRecord = fc.oneof(
  fc.record({
    kind: fc.constant('chunks' as const),
    contentId: anyId,
    compressed: fc.boolean(),
    rawLength: fc.constant(blockSizeBytes),
    storedLength: fc.integer({ min: 1, max: blockSizeBytes }),
    keyId: anyKeyId,
    payloadCrc: fc.integer({ min: 0, max: 0xffff_ffff }),
  }),
  fc.integer({ min: 48, max: pageBytesMax }).chain((length) =>
    fc.record({
      kind: fc.constant('pages' as const),
      contentId: anyId,
      compressed: fc.constant(false),
      rawLength: fc.constant(length),
      storedLength: fc.constant(length),
      keyId: anyKeyId,
      payloadCrc: fc.integer({ min: 0, max: 0xffff_ffff }),
    }),
  ),
);

test('a record header comes back, and with any byte changed it is none', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), (record, at) => {
      const bytes = encodeRecordHeader(record);
      expect(decodeRecordHeader(bytes)).toEqual(record);
      expect(decodeRecordHeader(flipped(bytes, at))).toBeUndefined();
      expect(decodeRecordHeader(bytes, 1)).toBeUndefined();
    }),
  );
});

test('an encrypted chunk may be larger than a block by its nonce and tag, a plain one not', () => {
  const record = {
    kind: 'chunks' as const,
    contentId: new Uint8Array(32),
    compressed: false,
    rawLength: blockSizeBytes,
    storedLength: blockSizeBytes + 28,
    payloadCrc: 0,
  };
  const keyId = '0123456789abcdef0123456789abcdef';
  expect(decodeRecordHeader(encodeRecordHeader({ ...record, keyId }))?.keyId).toBe(keyId);
  const plain = encodeRecordHeader({ ...record, keyId: undefined });
  expect(decodeRecordHeader(plain)).toBeUndefined();
});

test.each(['chunks', 'pages'] as const)(
  'a segment header of %s is good for its own number only',
  (kind) => {
    const header = encodeSegmentHeader(7, kind);
    expect(decodeSegmentHeader(header, 7)).toEqual({ state: 'good', kind, version: 2 });
    const damaged = (problem: string) => ({
      state: 'damaged',
      problem: expect.stringContaining(problem),
    });
    expect(decodeSegmentHeader(header, 8)).toEqual(damaged('number of another'));
    expect(decodeSegmentHeader(header.subarray(0, 31), 7)).toEqual(damaged('shorter'));
    for (let at = 0; at < header.length; at += 1) {
      expect(decodeSegmentHeader(flipped(header, at), 7).state).toBe('damaged');
    }
  },
);

test('an index comes back, and with any byte changed it is none', () => {
  const anyEntry = fc.record({
    contentId: anyId,
    offset: fc.integer({ min: 0, max: 0x7fff_ffff }),
    storedLength: fc.integer({ min: 1, max: blockSizeBytes }),
    compressed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 9 }), fc.nat(), (entries, at) => {
      const index = { number: 3, coveredBytes: 12_345, entries };
      const bytes = encodeSegmentIndex(index);
      const decoded = decodeSegmentIndex(bytes, 3);
      const plain = decoded?.entries.map((each) => ({
        ...each,
        contentId: Uint8Array.from(each.contentId),
      }));
      expect({ ...decoded, entries: plain }).toEqual(index);
      expect(decodeSegmentIndex(bytes, 4)).toBeUndefined();
      expect(decodeSegmentIndex(flipped(bytes, at), 3)).toBeUndefined();
    }),
  );
});

const anyPlaces = fc.array(fc.option(anyId, { nil: undefined, freq: 3 }), {
  minLength: placesPerPage,
  maxLength: placesPerPage,
});

test('a page has what was put in its places, also after a way through bytes', () => {
  fc.assert(
    fc.property(anyPlaces, fc.integer({ min: 0, max: levelMax }), (places, level) => {
      const made = makePage(level, places);
      if (made === undefined) return expect(places.every((each) => each === undefined)).toBe(true);
      const bytes = encodePage(made);
      expect(bytes.length).toBeLessThanOrEqual(pageBytesMax);
      const page = decodePage(bytes);
      if (page === undefined) return expect.unreachable('a page decodes');
      expect(page.level).toBe(level);
      const found = places.map((_, place) => childAt(page, place));
      expect(found.map((id) => id && Uint8Array.from(id))).toEqual(places);
      const listed = [...children(page)].map(({ place, id }) => [place, Uint8Array.from(id)]);
      expect(listed).toEqual([...places.entries()].filter(([, id]) => id !== undefined));
    }),
  );
});

test('bytes that are no page are none: another magic, version or level, or a length that the places do not have', () => {
  const page = makePage(2, [undefined, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]);
  if (page === undefined) return expect.unreachable('a page with places exists');
  const bytes = encodePage(page);
  expect(decodePage(bytes)).toBeDefined();
  for (const at of [0, 4, 6, 7, 8, 15]) expect(decodePage(flipped(bytes, at))).toBeUndefined();
  expect(decodePage(bytes.subarray(0, bytes.length - 32))).toBeUndefined();
  expect(decodePage(bytes.subarray(0, 16))).toBeUndefined();
});

test.each([
  [0, 0],
  [64, 0],
  [65, 1],
  [4096, 1],
  [4097, 2],
  [16_384, 2],
  [2_097_152, 3],
  [33_554_432, 4],
])('a disk of %i blocks has a root of level %i', (blockCount, level) => {
  expect(rootLevel(blockCount)).toBe(level);
  expect(pageSpan(level)).toBeGreaterThanOrEqual(blockCount);
});

const anyBase = fc.option(
  fc.record({
    root: fc.option(someId, { nil: undefined }),
    sizeBytes: fc.integer({ min: 1 }),
    blockCount: fc.nat(),
  }),
  { nil: undefined },
);

test('the header and the entries of a draft come back, and with any byte changed they are none', () => {
  const anyHeader = fc.record({
    mapId: fc.constant(mapId as 'map-0123456789abcdef0'),
    sizeBytes: fc.maxSafeNat(),
    keyId: anyKeyId,
    base: anyBase,
  });
  const anyEntry = fc.record({
    blockIndex: fc.integer({ min: 0, max: 0xffff_ffff }),
    chunkId: fc.option(someId, { nil: undefined }),
    addedBytes: fc.integer({ min: 0, max: 0xffff_ffff }),
  });
  fc.assert(
    fc.property(anyHeader, anyEntry, fc.nat(), (header, entry, at) => {
      const bytes = encodeDraftHeader(header);
      expect(decodeDraftHeader(bytes, mapId)).toEqual(header);
      expect(decodeDraftHeader(bytes, 'map-1')).toBeUndefined();
      expect(decodeDraftHeader(flipped(bytes, at), mapId)).toBeUndefined();
      const line = encodeDraftEntry(entry);
      expect(decodeDraftEntry(line, 0)).toEqual(entry);
      expect(decodeDraftEntry(flipped(line, at), 0)).toBeUndefined();
      expect(decodeDraftEntry(line.subarray(1), 0)).toBeUndefined();
    }),
  );
});
