import { expect, test } from 'vitest';
import { hopLimitRuleset, hopLimitText } from './hop-limit.ts';

test.each([
  [1, '01'],
  [9, '09'],
  [64, '64'],
  [65, '64'],
  [0, '01'],
  [-3, '01'],
  [Number.NaN, '01'],
  [2.7, '02'],
])('a hop limit of %d is written as %s', (limit, text) => {
  expect(hopLimitText(limit)).toBe(text);
});

test('the table is replaced as a whole, and reads the limit where the status line ends', () => {
  const ruleset = hopLimitRuleset('169.254.169.254', 80, 0);
  expect(ruleset).toMatch(/^add table ip bakehouse-metadata\ndelete table ip bakehouse-metadata\n/);
  expect(ruleset).toContain('ip saddr 169.254.169.254 tcp sport 80 goto replies');
  const offset = 'HTTP/1.1 200 OK\r\n'.length;
  const header = Buffer.from('X-Hop-Limit: ').toString('hex');
  expect(ruleset).toContain(
    `@ih,${offset * 8},104 0x${header} ct mark set @ih,${(offset + 13) * 8}`,
  );
  expect(ruleset).toContain('ct mark 64 ip ttl set 64 accept');
  expect(hopLimitRuleset('169.254.169.254', 80, 1)).toContain('ct mark 64 ip ttl set 65 accept');
});
