import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secretBox, UnknownSecretKeyError } from './secret-box.ts';

const box = secretBox(Buffer.alloc(32, 1));

test('what is sealed is opened again, and shows nothing of itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 12 }), fc.string(), (text, purpose) => {
      const sealed = box.seal(text, purpose);
      expect(box.open(sealed, purpose)).toBe(text);
      expect(Buffer.from(sealed, 'base64').includes(text)).toBe(false);
      expect(box.seal(text, purpose)).not.toBe(sealed);
    }),
    { numRuns: 30 },
  );
});

test('not for another purpose, not by another key, and not when it was changed', () => {
  const sealed = box.seal('secret', 'a');
  expect(() => box.open(sealed, 'b')).toThrow();
  expect(() => secretBox(Buffer.alloc(32, 2)).open(sealed, 'a')).toThrow(UnknownSecretKeyError);
  const bytes = Buffer.from(sealed, 'base64');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  expect(() => box.open(bytes.toString('base64'), 'a')).toThrow();
});
