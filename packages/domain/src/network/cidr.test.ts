import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalIpv4Cidr, canonicalIpv6Cidr } from './cidr.ts';

describe('canonicalIpv4Cidr', () => {
  test.each([
    ['10.0.0.28/29', '10.0.0.24/29'],
    ['100.68.0.18/18', '100.68.0.0/18'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['255.255.255.255/32', '255.255.255.255/32'],
  ])('masks %s to %s', (cidr, canonical) => {
    expect(canonicalIpv4Cidr(cidr)).toBe(canonical);
  });

  test.each([
    '',
    '10.0.0.1',
    '10.0.0/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.256/8',
  ])('refuses %j', (cidr) => {
    expect(canonicalIpv4Cidr(cidr)).toBeUndefined();
  });
});

describe('canonicalIpv6Cidr', () => {
  test.each([
    ['::/0', '::/0'],
    ['2001:DB8:0:0:0:0:0:1/128', '2001:db8::1/128'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['1:0:0:2:0:0:0:3/128', '1:0:0:2::3/128'],
    ['::ffff:1.2.3.4/128', '::ffff:102:304/128'],
    ['fe80::1/10', 'fe80::/10'],
    ['1:2:3:4:5:6:7:8/127', '1:2:3:4:5:6:7:8/127'],
  ])('writes %s as %s', (cidr, canonical) => {
    expect(canonicalIpv6Cidr(cidr)).toBe(canonical);
  });

  test.each(['::', '::/129', '10.0.0.0/8', 'fe80::1%eth0/64', ':::/0'])('refuses %j', (cidr) => {
    expect(canonicalIpv6Cidr(cidr)).toBeUndefined();
  });

  test('means the same range, and is its own canonical form', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const address = fc.array(group, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 128 }), (groups, bits) => {
        const text = groups.map((each) => each.toString(16)).join(':');
        const canonical = canonicalIpv6Cidr(`${text}/${bits}`) ?? '';
        const network = canonical.split('/')[0] ?? '';
        expect(isIPv6(network)).toBe(true);
        expect(canonicalIpv6Cidr(canonical)).toBe(canonical);
        const range = new BlockList();
        range.addSubnet(text, bits, 'ipv6');
        expect(range.check(network, 'ipv6')).toBe(true);
      }),
    );
  });
});
