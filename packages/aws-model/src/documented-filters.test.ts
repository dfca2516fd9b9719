import { expect, test } from 'vitest';
import { documentedFilters } from './documented-filters.ts';

test('the documented names are known and others are not', () => {
  const filters = documentedFilters('DescribeImages');
  expect(filters?.has('block-device-mapping.volume-size')).toBe(true);
  expect(filters?.has('owner-alias')).toBe(true);
  for (const name of ['Owner', 'TeamA', 'i386', 'architectures', '', '__proto__']) {
    expect(filters?.has(name)).toBe(false);
  }
});

test('a family of names is known by its beginning', () => {
  const filters = documentedFilters('DescribeInstances');
  expect(filters?.has('tag:Owner')).toBe(true);
  expect(filters?.has('tag:aws:name with spaces')).toBe(true);
  expect(filters?.has('tag:')).toBe(false);
  expect(filters?.has('tag')).toBe(false);
});

test('the words "you can also use" name filters too', () => {
  const filters = documentedFilters('DescribeSubnets');
  for (const name of ['cidr', 'cidrBlock', 'availabilityZoneId', 'defaultForAz', 'tag:a']) {
    expect(filters?.has(name)).toBe(true);
  }
});

test('an operation whose documentation lists no filters has none', () => {
  expect(documentedFilters('RunInstances')).toBeUndefined();
});
