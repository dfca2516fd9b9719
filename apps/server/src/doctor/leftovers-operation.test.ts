import { expect, test } from 'vitest';
import type { FoundLeftover } from './find-leftovers.ts';
import { lookForLeftovers } from './leftovers-operation.ts';

const pause = async () => {};

/** A host with these leftovers. */
function world(names: readonly string[]) {
  const existing = new Set(names);
  const look = async (): Promise<readonly FoundLeftover[]> =>
    [...existing].map((name) => ({
      kind: 'file',
      name,
      problem: 'nobody needs it',
      remedy: `rm ${name}`,
      remove: async () => void existing.delete(name),
    }));
  return { existing, look };
}

test('what two looks find is a leftover, and looking changes nothing', async () => {
  const { look, existing } = world(['a']);
  const { leftovers, removed } = await lookForLeftovers(look, { fix: false, pause });
  expect(leftovers).toEqual([
    { kind: 'file', name: 'a', problem: 'nobody needs it', remedy: 'rm a' },
  ]);
  expect([removed, [...existing]]).toEqual([0, ['a']]);
});

test('what only the first look finds is none', async () => {
  const { look, existing } = world(['a']);
  const once = async () => {
    const found = await look();
    existing.clear();
    return found;
  };
  expect(await lookForLeftovers(once, { fix: true, pause })).toEqual({ leftovers: [], removed: 0 });
});

test('fix removes what it can, and says why it could not remove the rest', async () => {
  const { look, existing } = world(['a', 'b', 'c']);
  const refuse = () => Promise.reject(new Error('device is busy'));
  const stubborn = async (): Promise<readonly FoundLeftover[]> =>
    (await look()).map(({ remove: removable, ...leftover }) => {
      if (leftover.name === 'b') return leftover;
      if (leftover.name === 'a') return { ...leftover, remove: refuse };
      return { ...leftover, ...(removable ? { remove: removable } : {}) };
    });
  const { leftovers, removed } = await lookForLeftovers(stubborn, { fix: true, pause });
  expect(leftovers.map(({ name, problem }) => [name, problem])).toEqual([
    ['a', 'nobody needs it; cannot remove it: device is busy'],
    ['b', 'nobody needs it'],
  ]);
  expect([removed, [...existing]]).toEqual([1, ['a', 'b']]);
});
