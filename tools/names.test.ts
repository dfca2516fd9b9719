import { expect, test } from 'vitest';
import { sources } from './source-tree.ts';

/** Still exported by two files of the product. A search for a name should find one thing: this only shrinks. */
const shared: readonly string[] = ['Leftover', 'RunCommand', 'findLeftovers', 'runCommand'];

test('an exported name means one thing', () => {
  const places = new Map<string, string[]>();
  for (const { path, exported, isTest } of sources) {
    if (isTest) continue;
    for (const name of new Set(exported)) places.set(name, [...(places.get(name) ?? []), path]);
  }
  const twice = [...places].filter(([, paths]) => paths.length > 1);
  const found = Object.fromEntries(twice.filter(([name]) => !shared.includes(name)));
  expect(found).toEqual({});
  const unneeded = shared.filter((name) => (places.get(name) ?? []).length < 2);
  expect(unneeded).toEqual([]);
});
