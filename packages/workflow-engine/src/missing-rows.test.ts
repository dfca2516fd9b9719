import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { bench, defineTest, gate, note, testLease } from './testing/test-engine.ts';

const missing = 'the row of a workflow was deleted, its work ends here';

/** Work that waits at its second step, and writes a record at its third. */
function waiting() {
  const opened = gate();
  const definition = defineTest({
    steps: [
      { name: 'first', run: note('first') },
      { name: 'wait', run: () => opened.opened },
      {
        name: 'mark',
        run:
          async (_, { name }) =>
          (tx) =>
            tx.put('setting', { id: name, value: 'marked' }),
      },
    ],
  });
  return { definition, open: opened.open };
}

test('work whose row was deleted ends there without its record, and other work goes on', async () => {
  const { definition, open } = waiting();
  const { engine, metadata, begin, log, lines } = bench(definition);
  await engine.resume();
  await begin(definition, 'a', ['lane']);
  await begin(definition, 'behind', ['lane']);
  await settle();
  await metadata.reset([]);
  await begin(definition, 'b', ['lane']);
  open();
  await engine.settle();
  expect(log).toEqual(['first a', 'first b']);
  expect(await metadata.read((reader) => reader.list('setting'))).toMatchObject([{ id: 'b' }]);
  expect(lines.map(({ message }) => message)).toEqual([missing, missing]);
  expect([engine.list(), engine.haltedBecause]).toEqual([[], undefined]);
});

test('a row that is missing in a write in the middle of a step ends the work, with no undo', async () => {
  const opened = gate();
  const definition = defineTest({
    steps: [
      {
        name: 'only',
        async run(_, { name }, { write }) {
          await opened.opened;
          await write((tx) => tx.put('setting', { id: name, value: 'marked' }));
        },
        undo: note('undo'),
      },
    ],
  });
  const { engine, metadata, begin, log, lines } = bench(definition);
  await engine.resume();
  await begin(definition, 'a');
  await settle();
  await metadata.reset([]);
  opened.open();
  await engine.settle();
  expect([log, lines.map(({ message }) => message)]).toEqual([[], [missing]]);
});

test('a server whose work was ended by the next server starts nothing that the other has taken over', async () => {
  const { definition, open } = waiting();
  const old = bench(definition, { options: { lease: testLease(1) } });
  await old.engine.resume();
  await old.begin(definition, 'a', ['lane']);
  await old.begin(definition, 'b', ['lane']);
  await settle();
  const quick = defineTest({ steps: ['first', 'wait', 'mark'].map((name) => ({ name })) });
  const { metadata } = old;
  const now = bench(quick, { metadata, options: { lease: testLease(2) } });
  await now.engine.resume();
  await now.engine.settle();
  expect(await now.rows()).toEqual([]);
  open();
  await old.engine.settle();
  expect(old.log).toEqual(['first a']);
  expect(await metadata.read((reader) => reader.list('setting'))).toEqual([]);
});

test('a missing row beside one of a later epoch is fenced: nothing runs any more, and it says so', async () => {
  const { definition, open } = waiting();
  const old = bench(definition, { options: { lease: testLease(1) } });
  await old.engine.resume();
  await old.begin(definition, 'a');
  await old.begin(definition, 'behind', ['a']);
  await settle();
  const settled = old.engine.settle();
  const { metadata } = old;
  const now = bench(definition, { metadata, options: { lease: testLease(2) } });
  await now.engine.resume();
  await metadata.reset([]);
  await now.begin(definition, 'b');
  open();
  await expect(settled).rejects.toThrow('belongs to another server');
  await expect(old.engine.settle()).rejects.toThrow('belongs to another server');
  expect(old.engine.haltedBecause).toMatch('belongs to another server');
  expect(old.log).toEqual(['first a']);
  await now.engine.stop();
});

test('whoever waits for the rest of an engine that stops learns that it does not come', async () => {
  const { definition, open } = waiting();
  const { engine, begin } = bench(definition);
  await engine.resume();
  await begin(definition, 'a');
  const settled = engine.settle();
  const stopped = engine.stop();
  await expect(settled).rejects.toThrow('the control plane stops');
  await expect(engine.settle()).rejects.toThrow('the control plane stops');
  open();
  await stopped;
});
