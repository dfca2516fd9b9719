import { expect, test } from 'vitest';
import { baseKey, packageIndexHashes } from './package-lists.ts';

const hash = 'a'.repeat(64);
const release = (date: string) =>
  `Suite: stable\nDate: ${date}\nMD5Sum:\n ${'b'.repeat(32)} 6924 main/binary-amd64/Packages.xz\nSHA256:\n ${hash}     6924 main/binary-amd64/Packages.xz\n ${'c'.repeat(64)} 10 main/binary-arm64/Packages.xz\n ${'d'.repeat(64)} 10 contrib/binary-amd64/Packages.xz\n`;

test('finds the hashes of the index of main for one architecture', () => {
  expect(packageIndexHashes(release('Fri'), 'amd64')).toEqual([hash]);
});

test('release files that differ only in their date give the same key', () => {
  const id = '47cfa924-413c-d460-f4f2-2af7-feb6-9e37-7c9f1d2b';
  const keys = ['Fri', 'Sat'].map((date) =>
    baseKey(id, packageIndexHashes(release(date), 'amd64')),
  );
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toMatch(/^47cfa924413cd460-[0-9a-f]{16}$/);
});

test('other packages give another key', () => {
  expect(baseKey('a', ['1'])).not.toBe(baseKey('a', ['2']));
});
