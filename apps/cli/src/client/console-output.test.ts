import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastLineOf, newOutput, withoutEscapes } from './console-output.ts';

test('following a window of a stream gives the stream, while readings overlap', () => {
  const windowBytes = 2_000;
  const parts = fc.array(fc.uint8Array({ minLength: 0, maxLength: 900 }), { maxLength: 12 });
  fc.assert(
    fc.property(parts, (written) => {
      let stream = Buffer.alloc(0);
      let before = Buffer.alloc(0);
      const followed: Buffer[] = [];
      for (const part of written) {
        stream = Buffer.concat([stream, part]);
        const now = Buffer.from(stream.subarray(-windowBytes));
        followed.push(newOutput(before, now));
        before = now;
      }
      expect(Buffer.concat(followed).equals(stream)).toBe(true);
    }),
    // Bytes that repeat themselves could fit in two places; random ones do not.
    { seed: 7 },
  );
});

test('a window with nothing in common with the last is all new', () => {
  expect(newOutput(Buffer.from('a'.repeat(100)), Buffer.from('b'.repeat(100)))).toHaveLength(100);
});

test.each([
  ['colours', '\u001b[1;32mok\u001b[0m', 'ok'],
  ['a title that the terminal would answer', '\u001b]0;owned\u0007x', 'x'],
  ['a question to the terminal', '\u001b[6n\u001bZx', 'x'],
  ['eight-bit controls', '\u009b31mx\u0090', '31mx'],
  ['words, tabs and line ends stay', 'a\tb\r\nc', 'a\tb\r\nc'],
])('the guest has no say over the terminal: %s', (_, text, expected) => {
  expect(withoutEscapes(text)).toBe(expected);
});

test('the last line is the last one with words', () => {
  expect(lastLineOf('first\r\n\u001b[31m login: \u001b[0m\r\n\r\n')).toBe('login:');
  expect(lastLineOf('')).toBe('');
});
