import { expect, test } from 'vitest';
import { parseStoredBitmaps } from './qemu-img.ts';

test('stored bitmaps are read from qemu-img info; in-use means untrue', () => {
  const bitmaps = [
    { flags: ['auto'], name: 'since-snap-0123456789abcdef0', granularity: 65536 },
    { flags: ['in-use', 'auto'], name: 'since-snap-0123456789abcdef1', granularity: 65536 },
    { flags: ['auto'], name: 'of-somebody-else', granularity: 65536 },
  ];
  const json = JSON.stringify({ 'format-specific': { type: 'qcow2', data: { bitmaps } } });
  expect(parseStoredBitmaps(json)).toEqual([
    { name: 'since-snap-0123456789abcdef0', recording: true, inconsistent: false },
    { name: 'since-snap-0123456789abcdef1', recording: true, inconsistent: true },
  ]);
  expect(parseStoredBitmaps('{}')).toEqual([]);
});
