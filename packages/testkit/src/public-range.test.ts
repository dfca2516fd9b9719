import { expect, test } from 'vitest';
import { takePublicRange } from './public-range.ts';

test('ranges that are taken at the same time differ', async () => {
  const ranges = await Promise.all(Array.from({ length: 8 }, () => takePublicRange()));
  expect(new Set(ranges.map(({ cidr }) => cidr)).size).toBe(8);
  for (const { cidr, second } of ranges) expect(cidr).toBe(`127.${second}.0.0/16`);
  for (const range of ranges) await range.release();
});

test('a range is taken once, until it is released', async () => {
  // Outside of the ranges that other tests on this host take and release meanwhile.
  const only = { first: 251, last: 251 };
  const range = await takePublicRange(only);
  await expect(takePublicRange(only)).rejects.toThrow('no loopback range is free');
  await range.release();
  const again = await takePublicRange(only);
  expect(again.cidr).toBe(range.cidr);
  await again.release();
});
