import { expect, test } from 'vitest';
import { deviceIndex } from './device-index.ts';

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const partitions = ['', ...Array.from({ length: 15 }, (_, n) => `${n + 1}`)];
const points = [
  ...['sd', 'hd'].flatMap((prefix) =>
    letters.flatMap((letter) => partitions.map((part) => `${prefix}${letter}${part}`)),
  ),
  ...['a', 'b', 'c', 'd'].flatMap((first) => letters.map((second) => `sd${first}${second}`)),
];

test('each attachment point has a number of its own that QEMU takes', () => {
  const indexes = points.map(deviceIndex);
  expect(new Set(indexes).size).toBe(points.length);
  for (const index of indexes) {
    expect(index).toBeGreaterThan(0);
    expect(index).toBeLessThanOrEqual(6591);
  }
});

test('all spellings of an attachment point have one number', () => {
  for (const name of ['/dev/sdf', 'sdf', '/dev/xvdf', 'xvdf']) expect(deviceIndex(name)).toBe(96);
  expect(deviceIndex('/dev/xvdba')).toBe(deviceIndex('sdba'));
});

/** The same examples as in the test of the guest's script. */
test.each([
  ['/dev/xvda', 16],
  ['/dev/sda1', 17],
  ['/dev/sdf', 96],
  ['/dev/sdp15', 271],
  ['/dev/xvdba', 848],
  ['/dev/xvddz', 2080],
  ['/dev/hdc', 4144],
])('%s is %i', (name, index) => {
  expect(deviceIndex(name)).toBe(index);
});

test.each(['/dev/nvme0n1', '/dev/sdf16', 'sd', '/dev/sdzz', '/dev/vdb'])('%s has none', (name) => {
  expect(deviceIndex(name)).toBeUndefined();
});
