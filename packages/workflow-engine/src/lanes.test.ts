import type { Workflow } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

const workflow = (sequence: number, lanes: readonly string[]): Workflow => ({
  id: `wf-${String(sequence).padStart(17, '0')}`,
  kind: 'any',
  version: 1,
  region: 'us-east-1',
  lanes,
  input: {},
  sequence,
  state: 'running',
  step: 'first',
  owner: 'a-server',
  epoch: 0,
  createdAt: 0,
});

const laneNames: readonly string[] = ['a', 'b', 'c', 'd'];
const laneSets = fc.array(fc.array(fc.constantFrom(...laneNames), { minLength: 1 }), {
  minLength: 1,
  maxLength: 12,
});

/** Removes one of those that may start, chosen by `draw`, and checks whom that wakes. */
function endOne(lanes: Lanes, waiting: Set<Workflow>, draw: number): number {
  const ready = [...waiting].filter((each) => lanes.isFirst(each));
  const held = ready.flatMap((each) => [...new Set(each.lanes)]);
  expect(new Set(held).size).toBe(held.length);
  const ended = ready[draw % ready.length];
  if (!ended) throw new Error('nothing may start');
  const woken = lanes.remove(ended);
  waiting.delete(ended);
  const freed = [...waiting].filter((each) => !ready.includes(each) && lanes.isFirst(each));
  expect(woken).toEqual(expect.arrayContaining(freed.map(({ id }) => id)));
  return ended.sequence;
}

test('what may start shares no lane, and in each lane work ends in order of its sequence', () => {
  fc.assert(
    fc.property(laneSets, fc.infiniteStream(fc.nat()), (sets, draws) => {
      const lanes = new Lanes();
      const waiting = new Set(sets.map((each, index) => workflow(index, each)));
      // The order of adding must not matter.
      const shuffled = [...waiting].sort((a, b) => (a.lanes.length % 3) - (b.lanes.length % 3));
      for (const each of shuffled) lanes.add(each);
      const ended: number[] = [];
      while (waiting.size > 0) ended.push(endOne(lanes, waiting, draws.next().value));
      for (const lane of laneNames) {
        const ofLane = ended.filter((sequence) => sets[sequence]?.includes(lane));
        expect(ofLane).toEqual([...ofLane].sort((x, y) => x - y));
      }
    }),
  );
});

test('work knows the first of each lane that it waits for, and what waits behind it', () => {
  const lanes = new Lanes();
  const [a, b, c] = [workflow(0, ['x']), workflow(1, ['x', 'y']), workflow(2, ['y', 'x'])];
  expect(lanes.add(b)).toEqual([]);
  expect(lanes.add(c)).toEqual([b.id, b.id]);
  expect(lanes.add(a)).toEqual([]);
  expect([a, b, c].map((each) => lanes.behind(each).map(({ sequence }) => sequence))).toEqual([
    [1, 2],
    [2],
    [],
  ]);
});
