import { describe, expect, test } from 'vitest';
import { findZone } from './find-zone.ts';

const region = 'us-east-1';

describe('findZone', () => {
  test.each([
    [{ name: 'us-east-1a' }, 'us-east-1a'],
    [{ id: 'use1-az6' }, 'us-east-1d'],
    [{ name: 'us-east-1a', id: '' }, 'us-east-1a'],
    [{ name: 'us-west-2a' }, undefined],
    [{ id: 'usw2-az1' }, undefined],
    [{ name: 'use1-az6' }, undefined],
    [{ name: '', id: '' }, undefined],
    [{}, undefined],
  ])('%j is %s in us-east-1', (asked, zone) => {
    expect(findZone(region, asked)).toBe(zone);
  });

  test('by name and id at once is refused', () => {
    const both = () => findZone(region, { name: 'us-east-1d', id: 'use1-az6' });
    expect(both).toThrow('Specify AvailabilityZone or AvailabilityZoneId, not both');
  });
});
