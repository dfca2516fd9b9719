import { expect, test } from 'vitest';
import { learnedOrder, orderBlocksMax } from './read-order.ts';

const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, at) => first + at);
const early = upTo(20);
const late = upTo(20, 100);

test.each([
  ['nothing is known', undefined, early, false, { launches: 1, blocks: early }],
  ['something only looked at the disk', undefined, upTo(15), false, undefined],
  [
    'the first launch ended early',
    { launches: 1, blocks: early },
    [...early, ...late],
    false,
    { launches: 2, blocks: [...early, ...late] },
  ],
  [
    'the second one reads other blocks beside it',
    { launches: 2, blocks: early },
    [...late, ...early],
    false,
    { launches: 3, blocks: [...early, ...late] },
  ],
  [
    'it is known well enough',
    { launches: 3, blocks: early },
    [...early, ...late],
    false,
    undefined,
  ],
  [
    'the launch departed from it',
    { launches: 3, blocks: early },
    late,
    true,
    { launches: 1, blocks: late },
  ],
  [
    'the launch departed and read little',
    { launches: 3, blocks: early },
    upTo(9, 50),
    true,
    undefined,
  ],
] as const)('%s', (_, before, blocks, departed, expected) => {
  expect(learnedOrder(before, { blocks, departed })).toEqual(expected);
});

test('an order has 4096 blocks at most', () => {
  const many = upTo(5000);
  expect(learnedOrder(undefined, { blocks: many, departed: false })?.blocks).toHaveLength(
    orderBlocksMax,
  );
  const before = { launches: 1, blocks: early };
  expect(learnedOrder(before, { blocks: many, departed: false })?.blocks).toHaveLength(
    orderBlocksMax,
  );
});
