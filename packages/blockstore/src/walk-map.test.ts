import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { walkMap } from './walk-map.ts';

const mapOf = (count: number) => ({
  mapId: 'map-1' as const,
  sizeBytes: count,
  readBytes: 0,
  addedBytes: 0,
  blockIndexes: new Uint32Array(count),
  chunkIds: new Uint8Array(0),
});

test('every position is visited once, in order', async () => {
  const seen: number[] = [];
  await walkMap(mapOf(40_000), (position) => seen.push(position));
  expect(seen).toEqual(Array.from({ length: 40_000 }, (_, position) => position));
  await walkMap(mapOf(0), () => expect.unreachable());
});

test('other work gets its turn while a large map is walked', async () => {
  let visited = 0;
  const walking = walkMap(mapOf(200_000), () => {
    visited += 1;
  });
  await nextTurn();
  expect(visited).toBeLessThan(200_000);
  await walking;
  expect(visited).toBe(200_000);
});
