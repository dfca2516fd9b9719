import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeBoundedText } from './bounded-text.ts';

test('a text is UTF-8 without NUL, at most 4096 bytes, and the start of what was given', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 5000, size: 'max' });
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = encodeBoundedText(text);
      expect(bytes.length).toBeLessThanOrEqual(4096);
      const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      const whole = text.replaceAll('\0', '').toWellFormed();
      expect(whole.startsWith(decoded)).toBe(true);
      // Cut only where one more character would not fit.
      const next = String.fromCodePoint(whole.codePointAt(decoded.length) ?? 0x61);
      const isWhole = decoded.length === whole.length;
      expect(isWhole || bytes.length + Buffer.byteLength(next) > 4096).toBe(true);
    }),
    { numRuns: 30 },
  );
});
