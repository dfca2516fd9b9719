import { expect, test } from 'vitest';
import type { FastRestoreState } from '../records/fast-restore.ts';
import { type FastRestoreFacts, fastRestoreNext, nextFastRestoreState } from './fast-restore.ts';

const states = Object.keys(fastRestoreNext) as FastRestoreState[];
const snapshotStates = ['pending', 'completed', 'error', undefined] as const;

test.each<[FastRestoreState, FastRestoreFacts, FastRestoreState]>([
  ['enabling', { snapshotState: 'pending', isHot: false }, 'enabling'],
  ['enabling', { snapshotState: 'completed', isHot: false }, 'optimizing'],
  ['enabling', { snapshotState: 'completed', isHot: true }, 'optimizing'],
  ['optimizing', { snapshotState: 'completed', isHot: false }, 'optimizing'],
  ['optimizing', { snapshotState: 'completed', isHot: true }, 'enabled'],
  ['enabled', { snapshotState: 'completed', isHot: true }, 'enabled'],
  ['enabled', { snapshotState: 'completed', isHot: false }, 'optimizing'],
  ['enabled', { snapshotState: undefined, isHot: true }, 'disabling'],
  ['enabling', { snapshotState: 'error', isHot: false }, 'disabling'],
  ['disabling', { snapshotState: 'completed', isHot: true }, 'disabled'],
  ['disabled', { snapshotState: 'completed', isHot: true }, 'disabled'],
])('%s with %j becomes %s', (state, facts, next) => {
  expect(nextFastRestoreState(state, facts)).toBe(next);
});

const facts = snapshotStates.flatMap((snapshotState) =>
  [false, true].map((isHot): FastRestoreFacts => ({ snapshotState, isHot })),
);

test.each(states.flatMap((from) => facts.map((each) => [from, each] as const)))(
  'from %s with %j every step follows the table, and comes to rest',
  (from, given) => {
    let state = from;
    for (let step = 0; step < 4; step += 1) {
      const next = nextFastRestoreState(state, given);
      if (next !== state) expect(fastRestoreNext[state]).toContain(next);
      state = next;
    }
    expect(nextFastRestoreState(state, given)).toBe(state);
    expect(state === 'enabled' && !given.isHot).toBe(false);
  },
);
