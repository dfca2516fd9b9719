import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderBlocksMax } from '../guest-reads/read-order.ts';
import { decodeReadOrder, encodeReadOrder, orderFileBytesMax } from './read-order-format.ts';

const mapId = 'map-00000000000000001';

const order = fc.record({
  launches: fc.integer({ min: 1, max: 3 }),
  blocks: fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(2 ** 32 - 1)), { maxLength: 100 }),
});

test('what is written is read', () => {
  fc.assert(
    fc.property(order, (each) => {
      expect(decodeReadOrder(encodeReadOrder(mapId, each), mapId)).toEqual(each);
    }),
  );
});

test('the longest order fits', () => {
  const blocks = Array.from({ length: orderBlocksMax }, (_, at) => 2 * at);
  const bytes = encodeReadOrder(mapId, { launches: 1, blocks });
  expect(bytes).toHaveLength(orderFileBytesMax);
  expect(decodeReadOrder(bytes, mapId)?.blocks).toEqual(blocks);
});

test('neighbours are one run', () => {
  const blocks = Array.from({ length: 1000 }, (_, at) => at);
  expect(encodeReadOrder(mapId, { launches: 1, blocks })).toHaveLength(64 + 8 + 32);
});

test('a file that is torn, changed or longer is no order', () => {
  fc.assert(
    fc.property(order, fc.nat(), fc.integer({ min: 1, max: 255 }), (each, place, change) => {
      const bytes = encodeReadOrder(mapId, each);
      const at = place % bytes.length;
      expect(decodeReadOrder(bytes.subarray(0, at), mapId)).toBeUndefined();
      expect(decodeReadOrder(Buffer.concat([bytes, Buffer.alloc(change)]), mapId)).toBeUndefined();
      bytes[at] = (bytes[at] ?? 0) ^ change;
      expect(decodeReadOrder(bytes, mapId)).toBeUndefined();
    }),
  );
});

test('an order of another map is none', () => {
  const bytes = encodeReadOrder(mapId, { launches: 1, blocks: [1, 2, 3] });
  expect(decodeReadOrder(bytes, 'map-00000000000000002')).toBeUndefined();
});

test.each([
  ['a block twice', { launches: 1, blocks: [1, 2, 3, 2] }],
  [
    'more blocks than there may be',
    { launches: 1, blocks: Array.from({ length: 4097 }, (_, at) => at) },
  ],
  ['no launch', { launches: 0, blocks: [1] }],
])('an order with %s is none, though its checksum is right', (_, made) => {
  expect(decodeReadOrder(encodeReadOrder(mapId, made), mapId)).toBeUndefined();
});
