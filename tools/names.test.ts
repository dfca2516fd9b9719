import { expect, test } from 'vitest';
import { sources } from './source-tree.ts';

test('an exported name means one thing', () => {
  const places = new Map<string, string[]>();
  for (const { path, exported, isTest } of sources) {
    if (isTest) continue;
    for (const name of new Set(exported)) places.set(name, [...(places.get(name) ?? []), path]);
  }
  const twice = [...places].filter(([, paths]) => paths.length > 1);
  expect(Object.fromEntries(twice)).toEqual({});
});
