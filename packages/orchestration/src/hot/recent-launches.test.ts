import { hourMs } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { RecentLaunches } from './recent-launches.ts';

test('a launch counts for an hour', () => {
  const launches = new RecentLaunches();
  launches.note('map-a', 0);
  launches.note('map-a', hourMs / 2);
  launches.note('map-b', hourMs);
  expect([...launches.counts(hourMs)]).toEqual([
    ['map-a', 2],
    ['map-b', 1],
  ]);
  expect([...launches.counts(1.5 * hourMs + 1)]).toEqual([['map-b', 1]]);
  expect(launches.counts(3 * hourMs).size).toBe(0);
});

test('so many launches that nobody needs to count them take no more room', () => {
  const launches = new RecentLaunches();
  for (let at = 0; at < 1000; at += 1) launches.note('map-a', at);
  expect(launches.counts(1000).get('map-a')).toBe(100);
});
