import { stringBytesMax } from './constants.ts';

const utf8 = new TextEncoder();

/**
 * A text for people, as the protocol allows it ("Conventions"): at most 4096 bytes of UTF-8, without a NUL. A
 * longer text is cut after a whole character; half of a surrogate pair becomes U+FFFD.
 */
export function encodeBoundedText(text: string): Buffer {
  const target = Buffer.alloc(stringBytesMax);
  const { written } = utf8.encodeInto(text.replaceAll('\0', ''), target);
  return target.subarray(0, written);
}
