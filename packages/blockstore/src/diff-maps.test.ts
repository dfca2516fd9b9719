import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkIdBytes } from './chunk-id.ts';
import { applyDiff, diffMaps, type MapBlocks } from './diff-maps.ts';

const blockCount = 40;
const end = { sizeBytes: blockCount, blockCount };

/** Block index → a small number that stands for the chunk. */
const anyMap = fc
  .dictionary(
    fc.integer({ min: 0, max: blockCount - 1 }).map(String),
    fc.integer({ min: 0, max: 5 }),
  )
  .map((blocks): MapBlocks => {
    const entries = Object.entries(blocks).map(([index, chunk]) => [Number(index), chunk] as const);
    entries.sort(([left], [right]) => left - right);
    return {
      sizeBytes: blockCount,
      blockIndexes: Uint32Array.from(entries, ([index]) => index),
      chunkIds: Uint8Array.from(
        entries.flatMap(([, chunk]) => Array.from({ length: chunkIdBytes }, () => chunk)),
      ),
    };
  });

test('a map differs in nothing from itself', () => {
  fc.assert(fc.property(anyMap, (map) => [...diffMaps(map, map)].length === 0));
});

test('the difference laid over the first map gives the second', () => {
  fc.assert(
    fc.property(anyMap, anyMap, (before, after) => {
      expect(applyDiff(before, diffMaps(before, after), end)).toEqual(after);
    }),
  );
});

test('a difference and the one in the other direction name the same blocks', () => {
  fc.assert(
    fc.property(anyMap, anyMap, (before, after) => {
      const there = [...diffMaps(before, after)];
      const back = [...diffMaps(after, before)];
      const turned = back.map((each) => ({ ...each, before: each.after, after: each.before }));
      expect(turned).toEqual(there);
    }),
  );
});

test('blocks behind a smaller end are dropped', () => {
  const map = { sizeBytes: 3, blockIndexes: Uint32Array.of(0, 2), chunkIds: new Uint8Array(64) };
  const smaller = applyDiff(map, [], { sizeBytes: 2, blockCount: 2 });
  expect(smaller.blockIndexes).toEqual(Uint32Array.of(0));
  expect(smaller.chunkIds).toHaveLength(chunkIdBytes);
});
