import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { bench, defineTest, gate, note, testLease } from './testing/test-engine.ts';

test('a server that lost its lease without noticing changes nothing, and stops its work', async () => {
  const opened = gate();
  const definition = defineTest({
    steps: [
      { name: 'first', run: note('first') },
      { name: 'wait', run: () => opened.opened },
      {
        name: 'mark',
        run:
          async (_, { name }, { id }) =>
          (tx) =>
            tx.put('setting', { id, value: name }),
      },
      { name: 'last', run: note('last') },
    ],
  });
  const old = bench(definition, { options: { lease: testLease(1) } });
  await old.engine.resume();
  await old.begin(definition, 'a');
  await old.begin(definition, 'b');
  await settle();
  const { metadata, clock } = old;
  const now = bench(definition, { metadata, clock, options: { lease: testLease(2) } });
  await now.engine.resume();
  expect(await now.rows()).toMatchObject([
    { owner: 'server 2', epoch: 2 },
    { owner: 'server 2', epoch: 2 },
  ]);
  opened.open();
  await now.engine.settle();
  await old.engine.stop();
  expect(now.log.toSorted()).toEqual(['first a', 'first b', 'last a', 'last b']);
  expect(old.log).toEqual(['first a', 'first b']);
  expect(old.lines.map(({ message }) => message)).toContain(
    'another server runs the workflows now; this one stops its own',
  );
  expect(await metadata.read((reader) => reader.list('setting'))).toHaveLength(2);
});

test('a write in the middle of a step is fenced, too', async () => {
  const opened = gate();
  const outcomes: string[] = [];
  const definition = defineTest({
    steps: [
      {
        name: 'only',
        async run({ log }, { name }, { write }) {
          log.push(name);
          if (log.length > 1) return;
          await opened.opened;
          await write((tx) => tx.put('setting', { id: 'mark', value: 'stale' })).then(
            () => outcomes.push('written'),
            () => outcomes.push('refused'),
          );
        },
      },
    ],
  });
  const log: string[] = [];
  const old = bench(definition, { log, options: { lease: testLease(1) } });
  await old.engine.resume();
  await old.begin(definition, 'a');
  await settle();
  const { metadata } = old;
  const now = bench(definition, { log, metadata, options: { lease: testLease(2) } });
  await now.engine.resume();
  await now.engine.settle();
  opened.open();
  await settle();
  await old.engine.stop();
  expect([log, outcomes]).toEqual([['a', 'a'], ['refused']]);
  expect(await metadata.read((reader) => reader.list('setting'))).toEqual([]);
});

test.each(['drop', 'retry'] as const)(
  'a %s of parked work is fenced, too: the row is left to the server that took over',
  async (call) => {
    const tomorrow = defineTest({ kind: 'of-tomorrow' });
    const { metadata, begin } = bench(tomorrow);
    const id = await begin(tomorrow, 'odd');
    const old = bench(defineTest(), { metadata, options: { lease: testLease(1) } });
    await old.engine.resume();
    const now = bench(defineTest(), { metadata, options: { lease: testLease(2) } });
    await now.engine.resume();
    await expect(old.engine[call](id)).rejects.toThrow('belongs to another server');
    expect(old.engine.haltedBecause).toMatch('belongs to another server');
    expect(await now.rows()).toMatchObject([{ id, epoch: 2 }]);
    await now.engine.drop(id);
    expect(await now.rows()).toEqual([]);
  },
);

test('the loss of the lease interrupts steps at once and starts nothing more', async () => {
  const lease = testLease(1);
  const reasons: unknown[] = [];
  const definition = defineTest({
    steps: [
      {
        name: 'wait',
        run: (_, __, { signal }) =>
          new Promise<void>((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason);
              reject(signal.reason);
            }),
          ),
      },
    ],
  });
  const { engine, begin, rows, log } = bench(definition, { options: { lease } });
  await engine.resume();
  await begin(definition, 'a', ['lane']);
  await settle();
  lease.lose();
  await begin(definition, 'b');
  await settle();
  expect(reasons).toMatchObject([{ message: 'the lease is lost' }]);
  expect([(await rows()).length, log]).toEqual([2, []]);
  await engine.stop();
});
