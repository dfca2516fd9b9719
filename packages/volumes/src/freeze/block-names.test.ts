import { expect, test } from 'vitest';
import {
  changedBitmap,
  diskFileNode,
  diskNode,
  fleeceFileNode,
  fleeceNode,
  originNode,
  sinceBitmap,
  snapshotOfBitmap,
} from './block-names.ts';

const volumeId = 'vol-0123456789abcdef0';
const snapshotId = 'snap-0123456789abcdef0';

test('node names fit into the 31 characters that QEMU has for them', () => {
  const names = [
    diskNode(volumeId),
    diskFileNode(volumeId),
    originNode(volumeId),
    fleeceNode(snapshotId),
    fleeceFileNode(snapshotId),
  ];
  expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(31);
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  [sinceBitmap(snapshotId), snapshotId],
  [changedBitmap(snapshotId), snapshotId],
  ['since-vol-0123456789abcdef0', undefined],
  ['since-snap-../../etc', undefined],
  ['intact', undefined],
])('the bitmap %s is that of %s', (name, expected) => {
  expect(snapshotOfBitmap(name)).toBe(expected);
});
