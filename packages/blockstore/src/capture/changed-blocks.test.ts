import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockSizeBytes } from '../format/block-size.ts';
import { blockLength, changedBlocks } from './changed-blocks.ts';

const sizeBytes = 20 * blockSizeBytes + 7;

test('exactly the blocks that a range touches are named, each once and in order', async () => {
  const anyRange = fc.record({
    offset: fc.integer({ min: 0, max: sizeBytes + 10 }),
    lengthBytes: fc.integer({ min: 0, max: 3 * blockSizeBytes }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyRange, { maxLength: 8 }), async (ranges) => {
      const ordered = ranges.toSorted((left, right) => left.offset - right.offset);
      const runs = await changedBlocks(ordered, sizeBytes);
      const named = runs.flatMap(({ first, end }) =>
        Array.from({ length: end - first }, (_, at) => first + at),
      );
      const touched = Array.from({ length: 21 }, (_, index) => index).filter((index) =>
        ordered.some(({ offset, lengthBytes }) => {
          const start = index * blockSizeBytes;
          const end = start + blockLength(index, sizeBytes);
          return lengthBytes > 0 && offset < end && offset + lengthBytes > start;
        }),
      );
      expect(named).toEqual(touched);
    }),
  );
});
