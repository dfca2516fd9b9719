import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { bench, defineTest, gate, note } from './testing/test-engine.ts';

const tomorrow = defineTest({ kind: 'of-tomorrow' });

/** Logs when each work begins and ends; it ends when the gate opens. */
function slowWork() {
  const { opened, open } = gate();
  const steps = [
    { name: 'begin', run: note('begin') },
    { name: 'wait', run: () => opened },
    { name: 'end', run: note('end') },
  ];
  return { slow: defineTest({ kind: 'slow', steps }), open };
}

/** Counts who has each lane; the first to take one waits for the gate. */
function countedLanes() {
  const held = new Map<string, number>();
  const first = gate();
  let isFirst = true;
  const count = (lanes: readonly string[], change: number) => {
    for (const lane of lanes) held.set(lane, (held.get(lane) ?? 0) + change);
  };
  const lanes = {
    async take(taken: readonly string[]) {
      count(taken, 1);
      if (!isFirst) return;
      isFirst = false;
      await first.opened;
    },
    free: (freed: readonly string[]) => count(freed, -1),
  };
  return { lanes, held: () => Object.fromEntries(held), open: first.open };
}

test('work that is dropped while its lanes are taken frees them once', async () => {
  const { slow, open } = slowWork();
  const before = bench([tomorrow, slow]);
  const odd = await before.begin(tomorrow, 'odd', ['lane']);
  await before.begin(slow, 'behind', ['lane']);
  const { lanes, held, open: release } = countedLanes();
  const { metadata, log } = before;
  const { engine } = bench(slow, { metadata, log, options: { lanes } });
  await engine.resume();
  await engine.drop(odd);
  await settle();
  expect(log).toEqual([]);
  release();
  await settle();
  expect([log, held()]).toEqual([['begin behind'], { lane: 1 }]);
  open();
  await engine.settle();
  expect([log, held()]).toEqual([['begin behind', 'end behind'], { lane: 0 }]);
});

test('dropped work that waited for its lanes frees none of them', async () => {
  const { slow, open } = slowWork();
  const before = bench([tomorrow, slow]);
  await before.begin(slow, 'ahead', ['lane']);
  const odd = await before.begin(tomorrow, 'odd', ['lane', 'other']);
  await before.begin(slow, 'behind', ['other']);
  const { lanes, held, open: release } = countedLanes();
  release();
  const { metadata, log } = before;
  const { engine } = bench(slow, { metadata, log, options: { lanes } });
  await engine.resume();
  await settle();
  await engine.drop(odd);
  await settle();
  expect(log).toEqual(['begin ahead', 'begin behind']);
  expect(held()).toEqual({ lane: 1, other: 1 });
  open();
  await engine.settle();
  expect(held()).toEqual({ lane: 0, other: 0 });
});
