import { expect, test } from 'vitest';
import type { Ruleset } from './ruleset.ts';
import { listedShape, plannedShape, sameShape } from './table-shape.ts';

const ruleset: Ruleset = {
  family: 'inet',
  table: 't',
  sets: { s: { kind: 'set', type: 'ipv4_addr', elements: ['10.0.0.1', '10.0.0.2', '10.0.0.1'] } },
  chains: { a: { rules: ['drop', 'accept'] }, empty: { rules: [] } },
};

const listing = (rules: number, elements: readonly string[]) =>
  JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'inet', name: 't' } },
      { set: { name: 's', elem: elements } },
      { chain: { name: 'a' } },
      { chain: { name: 'empty' } },
      ...Array.from({ length: rules }, () => ({ rule: { chain: 'a' } })),
    ],
  });

test('a table as planned has the planned shape, and one that lost anything has another', () => {
  const planned = plannedShape(ruleset);
  const addresses = ['10.0.0.1', '10.0.0.2'];
  expect(sameShape(planned, listedShape(listing(2, addresses)))).toBe(true);
  expect(sameShape(planned, listedShape(listing(1, addresses)))).toBe(false);
  expect(sameShape(planned, listedShape(listing(2, ['10.0.0.1'])))).toBe(false);
  expect(sameShape(planned, listedShape('{"nftables":[]}'))).toBe(false);
  expect(sameShape(planned, listedShape(''))).toBe(false);
});
