import { GiB } from '@bakehouse/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostResources, widthsFor } from './widths.ts';

test.each([
  [
    { cores: 1, memoryBytes: GiB },
    { disk: 4, boot: 2, capture: 4, template: 1, fork: 1 },
  ],
  [
    { cores: 8, memoryBytes: 4 * GiB },
    { disk: 16, boot: 4, capture: 16, template: 2, fork: 4 },
  ],
  [
    { cores: 128, memoryBytes: 512 * GiB },
    { disk: 32, boot: 32, capture: 32, template: 4, fork: 4 },
  ],
])('a host of %j has the widths %j', (host, widths) => {
  expect(widthsFor(host)).toEqual(widths);
});

test('a larger host never has smaller widths', () => {
  const size = fc.record({ cores: fc.integer({ min: 1, max: 256 }), gib: fc.integer({ min: 1 }) });
  fc.assert(
    fc.property(size, fc.nat(64), fc.nat(64), ({ cores, gib }, moreCores, moreGib) => {
      const small = widthsFor({ cores, memoryBytes: gib * GiB });
      const large = widthsFor({ cores: cores + moreCores, memoryBytes: (gib + moreGib) * GiB });
      for (const each of hostResources) expect(large[each]).toBeGreaterThanOrEqual(small[each]);
    }),
  );
});
