import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostIdOf } from './host-id.ts';

test('a host is named by the first digits of its folder id', () => {
  expect(hostIdOf('0f3a9c1e-2b4d-4f60-8a1b-2c3d4e5f6071')).toBe('host-0f3a9c1e2b4d4f608');
});

test('folders with other digits are of other hosts, and each host id is well formed', () => {
  fc.assert(
    fc.property(fc.uuid({ version: 4 }), fc.uuid({ version: 4 }), (one, other) => {
      expect(hostIdOf(one)).toMatch(/^host-[0-9a-f]{17}$/);
      const isSame = one.slice(0, 20) === other.slice(0, 20);
      expect(hostIdOf(one) === hostIdOf(other)).toBe(isSame);
    }),
  );
});

test('what is no UUID is refused', () => {
  for (const text of ['', 'mine', 'host-1', '0F3A9C1E-2B4D-4F60-8A1B-2C3D4E5F6071'])
    expect(() => hostIdOf(text)).toThrow('is a UUID');
});
