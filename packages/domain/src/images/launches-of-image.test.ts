import { dayMs, hourMs } from '@bakehouse/base';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Image } from '../records/image.ts';
import { reportedLaunch, withLaunch } from './launches-of-image.ts';

// Only the members about launches are read.
const unused = {} as Image;

test('a launch is reported a day after it', () => {
  const image = withLaunch(unused, 0);
  expect(reportedLaunch(image, dayMs - 1)).toBeUndefined();
  expect(reportedLaunch(image, dayMs)).toBe(0);
});

test('a later launch does not hide an earlier one', () => {
  const image = withLaunch(withLaunch(unused, 0), 23 * hourMs);
  expect(reportedLaunch(image, dayMs)).toBe(0);
  expect(reportedLaunch(image, 47 * hourMs)).toBe(23 * hourMs);
});

test('an image in use is reported as used within two days, one out of use by its last launch', () => {
  const waits = fc.array(fc.integer({ min: 1, max: dayMs - 1 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(waits, (gaps) => {
      let now = 0;
      let image = withLaunch(unused, now);
      for (const gap of gaps) {
        now += gap;
        image = withLaunch(image, now);
        expect(image.earlierLaunches?.length).toBeLessThanOrEqual(2);
        const reported = reportedLaunch(image, now);
        if (now >= dayMs) expect(now - (reported ?? Number.NaN)).toBeLessThan(2 * dayMs);
        else expect(reported).toBeUndefined();
      }
      expect(reportedLaunch(image, now + dayMs)).toBe(now);
    }),
  );
});
