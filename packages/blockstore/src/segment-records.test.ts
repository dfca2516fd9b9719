import { expect, test } from 'vitest';
import { SegmentRecords } from './segment-records.ts';

const idOf = (number: number) => new Uint8Array(32).fill(number);

test('records come back in the order they were written, also when there are many', () => {
  const records = new SegmentRecords();
  for (let number = 0; number < 200; number += 1) records.push(idOf(number), number * 100);
  expect([...records]).toEqual(
    Array.from({ length: 200 }, (_, number) => ({ chunkId: idOf(number), offset: number * 100 })),
  );
});

test('a cut forgets what lies behind it, whatever the order, and new records may take its place', () => {
  const records = new SegmentRecords();
  for (const offset of [300, 100, 200, 400]) records.push(idOf(offset / 100), offset);
  records.cut(300);
  records.push(idOf(9), 300);
  expect([...records]).toEqual([
    { chunkId: idOf(1), offset: 100 },
    { chunkId: idOf(2), offset: 200 },
    { chunkId: idOf(9), offset: 300 },
  ]);
});
