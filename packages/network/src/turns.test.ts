import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** A queue whose first task lasts until `begin`, with the batches that follow it. */
function busyTurns() {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  const done: (string | readonly string[])[] = [];
  void turns.alone(() => gate.promise);
  const together = (refused = '') =>
    turns.together(async (items: readonly string[]) => {
      done.push(items);
      if (items.includes(refused)) throw new Error(`${refused} is refused`);
      return items.map((item) => `did ${item}`);
    });
  return { turns, together, done, begin: gate.resolve };
}

test('calls that wait side by side share a turn, each with its own result', async () => {
  const { together, done, begin } = busyTurns();
  const call = together();
  const results = Promise.all([call('a'), call('b'), call('c')]);
  begin();
  expect(await results).toEqual(['did a', 'did b', 'did c']);
  expect(await call('d')).toBe('did d');
  expect(done).toEqual([['a', 'b', 'c'], ['d']]);
});

test('a call never overtakes what was called before it', async () => {
  const { turns, together, done, begin } = busyTurns();
  const [call, other] = [together(), together()];
  const all = [
    call('a'),
    other('b'),
    call('c'),
    turns.alone(async () => done.push('alone')),
    call('d'),
  ];
  begin();
  await Promise.all(all);
  expect(done).toEqual([['a'], ['b'], ['c'], 'alone', ['d']]);
});

test('what joins a turn that has begun has one of its own', async () => {
  const done: (readonly string[])[] = [];
  const gate = Promise.withResolvers<void>();
  const call = new Turns().together(async (items: readonly string[]) => {
    done.push(items);
    await gate.promise;
    return items;
  });
  const first = call('a');
  await new Promise(setImmediate);
  const second = call('b');
  gate.resolve();
  await Promise.all([first, second]);
  expect(done).toEqual([['a'], ['b']]);
});

test('one that fails fails no other of its turn', async () => {
  const { together, done, begin } = busyTurns();
  const call = together('b');
  const results = Promise.allSettled([call('a'), call('b'), call('c')]);
  begin();
  expect((await results).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  expect(done).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  expect(await call('d')).toBe('did d');
});
