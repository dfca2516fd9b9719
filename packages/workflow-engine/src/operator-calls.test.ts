import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { WorkNotFoundError } from './engine.ts';
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

/** Parked work and work behind it, whose rows an operator has repaired since. */
async function repaired() {
  const { slow, open } = slowWork();
  const newer = defineTest({ kind: 'slow', version: 2, steps: [{ name: 'begin' }] });
  const before = bench(newer);
  const odd = await before.begin(newer, 'odd', ['lane']);
  const behind = await before.begin(newer, 'behind', ['lane']);
  const { metadata, log } = before;
  const { engine, rows } = bench(slow, { metadata, log });
  await engine.resume();
  for (const row of await rows()) {
    await metadata.write((tx) => tx.put('workflow', { ...row, version: 1 }));
  }
  return { engine, metadata, log, rows, open, odd, behind };
}

const notFound = { status: 'rejected', reason: expect.any(WorkNotFoundError) };
const done = { status: 'fulfilled' };

test('a drop after a retry of the same work is refused, and the work keeps its row and its lane', async () => {
  const { engine, log, rows, open, odd, behind } = await repaired();
  const calls = [engine.retry(odd), engine.drop(odd), engine.retry(behind)];
  expect(await Promise.allSettled(calls)).toMatchObject([done, notFound, done]);
  await settle();
  expect(log).toEqual(['begin odd']);
  expect(await rows()).toHaveLength(2);
  open();
  await engine.settle();
  expect(log).toEqual(['begin odd', 'end odd', 'begin behind', 'end behind']);
});

test('a retry after a drop of the same work is refused, and nothing of the work runs', async () => {
  const { engine, log, open, odd, behind } = await repaired();
  const calls = [engine.drop(odd), engine.retry(odd), engine.drop(odd), engine.retry(behind)];
  expect(await Promise.allSettled(calls)).toMatchObject([done, notFound, notFound, done]);
  open();
  await engine.settle();
  expect(log).toEqual(['begin behind', 'end behind']);
});

test('work that is dropped while its lanes are taken does not exist for any later call', async () => {
  const before = bench(tomorrow);
  const odd = await before.begin(tomorrow, 'odd', ['lane']);
  const { lanes, open } = countedLanes();
  const { slow } = slowWork();
  const { engine } = bench(slow, { metadata: before.metadata, options: { lanes } });
  await engine.resume();
  await engine.drop(odd);
  expect(engine.list()).toEqual([]);
  await expect(engine.retry(odd)).rejects.toThrow(WorkNotFoundError);
  await expect(engine.drop(odd)).rejects.toThrow(WorkNotFoundError);
  open();
  await engine.settle();
});

test('two retries of work whose row was deleted are both refused', async () => {
  const { engine, metadata, odd } = await repaired();
  await metadata.write((tx) => tx.delete('workflow', odd));
  const calls = [engine.retry(odd), engine.retry(odd), engine.drop(odd)];
  expect(await Promise.allSettled(calls)).toMatchObject([notFound, notFound, notFound]);
});

test('a drop that the store refuses leaves the work parked, and the next call is done', async () => {
  const { engine, metadata, odd } = await repaired();
  const write = metadata.write;
  metadata.write = () => Promise.reject(new Error('the disk is full'));
  await expect(engine.drop(odd)).rejects.toThrow('the disk is full');
  metadata.write = write;
  expect(engine.list('parked')).toHaveLength(2);
  await engine.drop(odd);
  expect(engine.list('parked')).toHaveLength(1);
});

test('a drop of work whose row was deleted ends it, and nothing runs that has no row either', async () => {
  const { engine, metadata, log, odd, behind } = await repaired();
  await engine.retry(behind);
  await metadata.reset([]);
  await engine.drop(odd);
  await engine.settle();
  expect([log, engine.list()]).toEqual([[], []]);
});
