import { formatCidr, parseIp } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { planAddressing, transitAddress } from './addressing.ts';
import { NetworkRangeError } from './network-errors.ts';

test('the default pool has its own transit range', () => {
  const addressing = planAddressing('127.18.0.0/16');
  expect(formatCidr(addressing.transitCidr)).toBe('240.18.0.0/16');
  expect(addressing.isLoopbackPool).toBe(true);
  expect(transitAddress(addressing, parseIp('127.18.3.4') ?? 0)).toBe('240.18.3.4');
});

test('distinct pools have distinct links and transit ranges', () => {
  const plans = Array.from({ length: 256 }, (_, index) => planAddressing(`127.${index}.0.0/16`));
  expect(new Set(plans.map((plan) => plan.hostAddress)).size).toBe(256);
  expect(new Set(plans.map((plan) => formatCidr(plan.transitCidr))).size).toBe(256);
});

test.each([
  ['127.0.0.0/8', undefined, '/12 to /28'],
  ['nonsense', undefined, '/12 to /28'],
  ['127.18.0.0/16', '240.0.0.0/17', 'as large as'],
  ['127.18.0.0/16', '198.18.0.0/16', 'overlaps'],
  ['10.9.0.0/16', '10.9.0.0/16', 'overlaps'],
])('refuses %s carried by %s', (pool, transit, words) => {
  expect(() => planAddressing(pool, transit)).toThrow(NetworkRangeError);
  expect(() => planAddressing(pool, transit)).toThrow(words);
});
