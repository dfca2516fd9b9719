import { expect, test } from 'vitest';
import { DiskFormatError } from '../volume-errors.ts';
import { decodeQcow2Size } from './qcow2-header.ts';

function header(sizeBytes: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setBigUint64(24, sizeBytes);
  return bytes;
}

test('the size is at byte 24', () => {
  expect(decodeQcow2Size(header(8n << 30n))).toBe(8 * 2 ** 30);
});

test.each([
  ['cut short', header(1n).subarray(0, 31)],
  ['of another format', new Uint8Array(32)],
  ['of an impossible size', header(1n << 60n)],
])('a header that is %s is refused', (_, bytes) => {
  expect(() => decodeQcow2Size(bytes)).toThrow(DiskFormatError);
});
