import { expect, test } from 'vitest';
import type { MendableLeftover } from './find-leftovers.ts';
import { lookForLeftovers } from './leftovers-operation.ts';

const pause = async () => {};

function world(names: readonly string[]) {
  const there = new Set(names);
  const look = async (): Promise<readonly MendableLeftover[]> =>
    [...there].map((name) => ({
      kind: 'file',
      name,
      problem: 'nobody needs it',
      remedy: `rm ${name}`,
      mend: async () => void there.delete(name),
    }));
  return { there, look };
}

test('what is there twice is a leftover, and looking changes nothing', async () => {
  const { look, there } = world(['a']);
  const { leftovers, mended } = await lookForLeftovers(look, { fix: false, pause });
  expect([leftovers.map(({ name }) => name), mended, [...there]]).toEqual([['a'], 0, ['a']]);
});

test('what is gone at the second look is none', async () => {
  const { look, there } = world(['a']);
  const once = async () => {
    const found = await look();
    there.clear();
    return found;
  };
  expect(await lookForLeftovers(once, { fix: true, pause })).toEqual({ leftovers: [], mended: 0 });
});

test('fix mends and says what could not be mended', async () => {
  const { look, there } = world(['a', 'b']);
  const stubborn = async () =>
    (await look()).map((leftover) =>
      leftover.name === 'b' ? { ...leftover, mend: async () => {} } : leftover,
    );
  const { leftovers, mended } = await lookForLeftovers(stubborn, { fix: true, pause });
  expect([leftovers.map(({ name }) => name), mended, [...there]]).toEqual([['b'], 1, ['b']]);
});
