import { expect, test } from 'vitest';
import { listsShaInstructions } from './has-sha-instructions.ts';

const before = 'processor\t: 0\nmodel name\t: Some processor with sha_ni in its name\n';

test.each([
  ['flags\t\t: fpu avx2 sha_ni xsaveopt\n', true],
  ['flags\t\t: fpu avx2 xsaveopt sha_ni\n', true],
  ['Features\t: fp asimd aes pmull sha1 sha2 crc32\n', true],
  ['flags\t\t: fpu avx2 xsaveopt\n', false],
  ['flags\t\t: fpu not_sha_ni sha_nix sha512\n', false],
  ['bugs\t\t: sha_ni\n', false],
  ['', false],
])('of %j', (line, has) => {
  expect(listsShaInstructions(before + line)).toBe(has);
});
