import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bakehouseLinux } from './bakehouse-linux.ts';
import type { GuestFile } from './guest-files.ts';
import { recipeId } from './recipe-id.ts';

const file = (path: string, text: string): GuestFile => ({
  path,
  mode: 0o644,
  contents: Buffer.from(text),
});

test('is hex in groups of 8-4-4-4-4-4-4-8', () => {
  expect(recipeId(bakehouseLinux, [])).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){6}-[0-9a-f]{8}$/);
});

test('does not depend on the order of the files', () => {
  const files = [file('a', '1'), file('b', '2'), file('c', '3')];
  fc.assert(
    fc.property(fc.shuffledSubarray(files, { minLength: 3 }), (shuffled) => {
      expect(recipeId(bakehouseLinux, shuffled)).toBe(recipeId(bakehouseLinux, files));
    }),
  );
});

test.each([
  ['contents', [file('a', '2')]],
  ['a path', [file('b', '1')]],
  ['a mode', [{ ...file('a', '1'), mode: 0o755 as const }]],
  ['one file more', [file('a', '1'), file('b', '')]],
])('changes with %s', (_what, files) => {
  expect(recipeId(bakehouseLinux, files)).not.toBe(recipeId(bakehouseLinux, [file('a', '1')]));
});

test('changes with the recipe', () => {
  const other = { ...bakehouseLinux, packages: [...bakehouseLinux.packages, 'htop'] };
  expect(recipeId(other, [])).not.toBe(recipeId(bakehouseLinux, []));
});
