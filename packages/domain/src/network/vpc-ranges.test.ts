import { cidrSize, formatCidr, parseCidr, parseIp } from '@bakehouse/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  freeDefaultSubnetRange,
  isRangeWithin,
  isSubnetRange,
  isVpcRange,
  mayJoinRanges,
  outsideOf,
  rangesOverlap,
} from './vpc-ranges.ts';

const base = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const range = (min: number, max: number) =>
  fc
    .record({ base, prefix: fc.integer({ min, max }) })
    .map(({ base: address, prefix }) =>
      formatCidr({ base: address - (address % 2 ** (32 - prefix)), prefix }),
    );
const anyRange = range(8, 32);

const sizeOf = (cidr: string) => cidrSize(parseCidr(cidr) ?? { base: 0, prefix: 32 });
const firstOf = (cidr: string) => parseIp(cidr.split('/')[0] ?? '') ?? 0;
const lastOf = (cidr: string) => firstOf(cidr) + sizeOf(cidr) - 1;

describe('isVpcRange', () => {
  test.each([
    ['10.0.0.0/16', true],
    ['10.0.0.0/28', true],
    ['10.0.0.0/15', false],
    ['10.0.0.0/29', false],
    ['100.64.0.0/16', true],
    ['203.0.113.0/24', true],
    ['127.0.0.0/16', false],
    ['169.254.0.0/24', false],
    ['198.19.0.0/16', false],
    ['0.1.0.0/16', false],
    ['224.0.0.0/16', false],
    ['255.255.255.240/28', false],
    ['no range', false],
  ])('%s: %s', (cidr, expected) => {
    expect(isVpcRange(cidr)).toBe(expected);
  });

  test('has 16 to 65,536 addresses', () => {
    fc.assert(
      fc.property(anyRange, (cidr) => {
        if (!isVpcRange(cidr)) return;
        expect(sizeOf(cidr)).toBeGreaterThanOrEqual(16);
        expect(sizeOf(cidr)).toBeLessThanOrEqual(65_536);
      }),
    );
  });
});

describe('two ranges', () => {
  test('overlap when an address is in both', () => {
    fc.assert(
      fc.property(anyRange, anyRange, (a, b) => {
        const meet = firstOf(a) <= lastOf(b) && firstOf(b) <= lastOf(a);
        expect(rangesOverlap(a, b)).toBe(meet);
        expect(rangesOverlap(b, a)).toBe(meet);
      }),
    );
  });

  test('are within one another when the smaller has no address outside', () => {
    fc.assert(
      fc.property(anyRange, anyRange, (a, b) => {
        const inside = firstOf(a) >= firstOf(b) && lastOf(a) <= lastOf(b);
        expect(isRangeWithin(a, b)).toBe(inside);
        expect(outsideOf(['203.0.113.0/28', b])(a)).toBe(
          !inside && !isRangeWithin(a, '203.0.113.0/28'),
        );
      }),
    );
  });
});

test('a subnet is of its size and inside a range of the VPC, whichever', () => {
  const vpc = ['10.0.0.0/16', '100.64.0.0/24'];
  expect(isSubnetRange('10.0.0.0/16', vpc)).toBe(true);
  expect(isSubnetRange('100.64.0.240/28', vpc)).toBe(true);
  expect(isSubnetRange('10.1.0.0/24', vpc)).toBe(false);
  expect(isSubnetRange('100.64.0.0/23', vpc)).toBe(false);
  expect(isSubnetRange('10.0.0.0/29', vpc)).toBe(false);
  fc.assert(
    fc.property(range(16, 28), range(16, 28), (inner, outer) => {
      expect(isSubnetRange(inner, [outer])).toBe(isRangeWithin(inner, outer));
    }),
  );
});

test.each([
  ['10.1.0.0/16', ['10.0.0.0/16'], true],
  ['192.168.0.0/16', ['10.0.0.0/16'], false],
  ['172.31.0.0/16', ['10.0.0.0/16'], false],
  ['172.30.0.0/16', ['172.31.0.0/16'], true],
  ['100.64.0.0/16', ['10.0.0.0/16'], true],
  ['203.0.113.0/24', ['192.168.0.0/24'], true],
  ['10.0.0.0/16', ['203.0.113.0/24'], false],
  ['10.1.0.0/16', ['10.0.0.0/16', '100.64.0.0/16'], true],
  ['10.1.0.0/16', ['100.64.0.0/16', '203.0.113.0/24'], false],
  ['192.168.0.0/16', ['10.2.0.0/16', '100.64.0.0/16'], false],
  ['192.168.1.0/24', ['192.168.0.0/24'], true],
  ['10.0.0.0/16', ['10.2.0.0/16'], true],
  ['10.0.0.0/16', ['10.1.0.0/16'], false],
  ['10.0.1.0/24', ['10.0.0.0/24'], false],
  ['10.0.0.0/16', ['10.2.0.0/16', '10.1.0.0/16'], false],
  ['172.31.0.0/16', ['172.30.0.0/16'], false],
] as const)('%s beside %j: %s', (cidr, existing, expected) => {
  expect(mayJoinRanges(cidr, existing)).toBe(expected);
});

test('a default subnet is the first free /20', () => {
  const vpc = '172.31.0.0/16';
  expect(freeDefaultSubnetRange(vpc, [])).toBe('172.31.0.0/20');
  expect(freeDefaultSubnetRange(vpc, ['172.31.0.0/20', '172.31.16.0/28'])).toBe('172.31.32.0/20');
  const all = Array.from({ length: 16 }, (_, index) => `172.31.${index * 16}.0/20`);
  expect(freeDefaultSubnetRange(vpc, all)).toBeUndefined();
});
