import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressAt,
  broadcastOf,
  type Cidr,
  cidrContains,
  cidrsOverlap,
  formatCidr,
  formatIp,
  netmaskOf,
  parseCidr,
  parseIp,
} from './cidr.ts';

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const range = fc.record({ address, prefix: fc.integer({ min: 0, max: 32 }) });
const cidr = (text: string): Cidr => parseCidr(text) ?? { base: -1, prefix: -1 };

test('an address read and written is the same', () => {
  fc.assert(fc.property(address, (value) => parseIp(formatIp(value)) === value));
});

test('a range read and written is the same, and contains its first and last address', () => {
  fc.assert(
    fc.property(range, ({ address: value, prefix }) => {
      const read = cidr(`${formatIp(value)}/${prefix}`);
      const last = parseIp(broadcastOf(read)) ?? -1;
      expect(cidr(formatCidr(read))).toEqual(read);
      expect([read.base, value, last].every((each) => cidrContains(read, each))).toBe(true);
      expect(cidrContains(read, read.base - 1) || cidrContains(read, last + 1)).toBe(false);
    }),
  );
});

test('ranges overlap when they share an address', () => {
  fc.assert(
    fc.property(range, range, (one, other) => {
      const [a, b] = [one, other].map((each) => cidr(`${formatIp(each.address)}/${each.prefix}`));
      if (a === undefined || b === undefined) return false;
      const first = Math.max(a.base, b.base);
      return cidrsOverlap(a, b) === (cidrContains(a, first) && cidrContains(b, first));
    }),
  );
});

test.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', ' 1.2.3.4', '1.2.3.-4'])(
  'refuses %j as an address',
  (text) => expect(parseIp(text)).toBeUndefined(),
);

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8 accept', '::/0'])(
  'refuses %j as a range',
  (text) => expect(parseCidr(text)).toBeUndefined(),
);

test('returns mask, broadcast and the n-th address', () => {
  const subnet = cidr('172.31.16.7/20');
  expect(formatCidr(subnet)).toBe('172.31.16.0/20');
  expect(netmaskOf(subnet)).toBe('255.255.240.0');
  expect(netmaskOf(cidr('0.0.0.0/0'))).toBe('0.0.0.0');
  expect(broadcastOf(subnet)).toBe('172.31.31.255');
  expect(addressAt(subnet, 1)).toBe('172.31.16.1');
});
