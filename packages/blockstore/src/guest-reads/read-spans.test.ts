import { readSpansMax, sumOfReads } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReadSpans } from './read-spans.ts';

test('reads are counted between two looks, with the times of the looks', () => {
  const spans = new ReadSpans(1000);
  spans.read(4096, undefined);
  spans.read(512, 2.5);
  spans.newBlock(false);
  spans.look(1100);
  spans.look(1200);
  spans.read(512, 1);
  spans.read(512, 7.25);
  spans.newBlock(true);
  spans.look(1300);
  expect(spans.spans).toEqual([
    {
      from: 1000,
      to: 1100,
      reads: 2,
      bytes: 4608,
      newBlocks: 1,
      aheadBlocks: 0,
      waits: 1,
      waitedMs: 2.5,
      longestMs: 2.5,
    },
    {
      from: 1200,
      to: 1300,
      reads: 2,
      bytes: 1024,
      newBlocks: 1,
      aheadBlocks: 1,
      waits: 2,
      waitedMs: 8.25,
      longestMs: 7.25,
    },
  ]);
});

test('what was read since the last look is in the total', () => {
  const spans = new ReadSpans(0);
  spans.read(1, 3);
  expect(spans.total).toMatchObject({ reads: 1, waitedMs: 3 });
  spans.look(100);
  spans.read(1, undefined);
  expect(spans.total).toMatchObject({ reads: 2, bytes: 2, waits: 1 });
});

test('however long it is, the spans stay few, in order, and add up to the total', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.nat(3)), {
    maxLength: 1500,
  });
  fc.assert(
    fc.property(steps, (looks) => {
      const spans = new ReadSpans(0);
      let now = 0;
      for (const [afterMs, reads] of looks) {
        for (let count = 0; count < reads; count += 1) spans.read(512, count);
        now += afterMs;
        spans.look(now);
      }
      spans.look(now + 3_600_000);
      const list = spans.spans;
      expect(list.length).toBeLessThanOrEqual(readSpansMax);
      for (const [index, { from, to }] of list.entries()) {
        expect(from).toBeLessThan(to);
        expect(from).toBeGreaterThanOrEqual(list[index - 1]?.to ?? 0);
      }
      expect(sumOfReads(list)).toEqual(spans.total);
    }),
    { numRuns: 30 },
  );
});
