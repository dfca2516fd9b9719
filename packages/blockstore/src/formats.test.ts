import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockMap } from './block-map.ts';
import { decodeBlockMap, encodeBlockMap } from './block-map-format.ts';
import { blockSizeBytes } from './block-size.ts';
import { chunkIdBytes } from './chunk-id.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  encodeSegmentHeader,
  segmentHeaderProblem,
} from './record-format.ts';
import { decodeSegmentIndex, encodeSegmentIndex } from './segment-index-format.ts';
import { MapDamagedError } from './store-errors.ts';

const anyId = fc.uint8Array({ minLength: chunkIdBytes, maxLength: chunkIdBytes });
const mapId = 'map-0123456789abcdef0';

const anyMap = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 20 }).chain((indexes) =>
  fc.record({
    mapId: fc.constant(mapId as BlockMap['mapId']),
    sizeBytes: fc.constant(100 * blockSizeBytes - 5),
    readBytes: fc.maxSafeNat(),
    addedBytes: fc.maxSafeNat(),
    blockIndexes: fc.constant(Uint32Array.from(indexes.toSorted((a, b) => a - b))),
    chunkIds: fc.uint8Array({
      minLength: indexes.length * chunkIdBytes,
      maxLength: indexes.length * chunkIdBytes,
    }),
  }),
);

/** One byte of `bytes` changed. */
function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ 0x10;
  return copy;
}

test('a map comes back from its file as it was', async () => {
  await fc.assert(
    fc.asyncProperty(anyMap, async (map) => {
      expect(await decodeBlockMap(await encodeBlockMap(map), map.mapId)).toEqual(map);
    }),
  );
});

test('a map file with any byte changed or cut off is refused', async () => {
  await fc.assert(
    fc.asyncProperty(anyMap, fc.nat(), async (map, at) => {
      const bytes = await encodeBlockMap(map);
      const spoilt = decodeBlockMap(flipped(bytes, at), map.mapId);
      await expect(spoilt).rejects.toBeInstanceOf(MapDamagedError);
      const short = bytes.subarray(0, at % bytes.length);
      await expect(decodeBlockMap(short, map.mapId)).rejects.toBeInstanceOf(MapDamagedError);
    }),
  );
});

test('a map file under the name of another map is refused', async () => {
  const empty = {
    mapId: mapId as BlockMap['mapId'],
    sizeBytes: 0,
    readBytes: 0,
    addedBytes: 0,
    blockIndexes: new Uint32Array(0),
    chunkIds: new Uint8Array(0),
  };
  const decoding = decodeBlockMap(await encodeBlockMap(empty), 'map-1');
  await expect(decoding).rejects.toThrow('file of another map');
});

const anyRecord = fc.record({
  chunkId: anyId,
  compressed: fc.boolean(),
  storedLength: fc.integer({ min: 1, max: blockSizeBytes }),
  payloadCrc: fc.integer({ min: 0, max: 0xffff_ffff }),
});

test('a record header comes back, and with any byte changed it is none', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), (record, at) => {
      const bytes = encodeRecordHeader(record);
      expect(decodeRecordHeader(bytes)).toEqual(record);
      expect(decodeRecordHeader(flipped(bytes, at))).toBeUndefined();
    }),
  );
});

test('a segment header is good for its own number only', () => {
  const header = encodeSegmentHeader(7);
  expect(segmentHeaderProblem(header, 7)).toBeUndefined();
  expect(segmentHeaderProblem(header, 8)).toMatch('number of another');
  expect(segmentHeaderProblem(header.subarray(0, 31), 7)).toMatch('shorter');
  for (let at = 0; at < header.length; at += 1) {
    expect(segmentHeaderProblem(flipped(header, at), 7)).toBeDefined();
  }
});

test('an index comes back, and with any byte changed it is none', () => {
  const anyEntry = fc.record({
    chunkId: anyId,
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
        chunkId: Uint8Array.from(each.chunkId),
      }));
      expect({ ...decoded, entries: plain }).toEqual(index);
      expect(decodeSegmentIndex(bytes, 4)).toBeUndefined();
      expect(decodeSegmentIndex(flipped(bytes, at), 3)).toBeUndefined();
    }),
  );
});
