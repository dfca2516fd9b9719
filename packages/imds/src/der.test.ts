import fc from 'fast-check';
import { expect, test } from 'vitest';
import { der, derParts } from './der.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test.each([
  ['a short text', der.text('a'), '0c0161'],
  ['an object id', der.objectId('1.2.840.113549.1.7.2'), '06092a864886f70d010702'],
  ['a number', der.integer(Buffer.from([1])), '020101'],
  ['a number with its top bit set', der.integer(Buffer.from([0x80])), '02020080'],
  ['nothing', der.null(), '0500'],
  ['a time', der.time(0), '180f31393730303130313030303030305a'],
])('%s is encoded as in X.690', (_, bytes, expected) => {
  expect(hex(bytes)).toBe(expected);
});

test.each([
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [65536, '0483010000'],
])('a length of %i is encoded in as few bytes as possible', (length, head) => {
  expect(hex(der.octets(Buffer.alloc(length))).slice(0, head.length)).toBe(head);
});

test('the parts of a sequence are its elements', () => {
  const part = fc.uint8Array({ maxLength: 300 }).map((bytes) => der.octets(bytes));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
      expect(derParts(der.sequence(...parts)).map(hex)).toEqual(parts.map(hex));
    }),
  );
});

test('input that is cut off is an error', () => {
  const whole = der.sequence(der.text('abc'), der.text('def'));
  for (let end = 2; end < whole.length; end += 1) {
    expect(() => derParts(whole.subarray(0, end))).toThrow(RangeError);
  }
});
