import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { WorkNotFoundError } from './engine.ts';
import { bench, defineTest, gate, note } from './testing/test-engine.ts';

test('steps run in order and the row is deleted', async () => {
  const definition = defineTest();
  const { engine, log, begin, rows } = bench(definition);
  await engine.resume();
  await begin(definition, 'a');
  await engine.settle();
  expect(log).toEqual(['first a', 'second a', 'third a']);
  expect(await rows()).toEqual([]);
});

test('the row names kind, version and step, and the lanes come from the definition', async () => {
  const definition = defineTest({ version: 7 });
  const { begin, rows } = bench(definition);
  await begin(definition, 'a', ['one', 'two', 'one']);
  expect(await rows()).toMatchObject([
    {
      kind: 'three-steps',
      version: 7,
      step: 'first',
      state: 'running',
      lanes: ['one', 'two'],
      region: 'us-east-1',
      input: { name: 'a' },
    },
  ]);
});

test('work that is enqueued in a transaction that fails never runs', async () => {
  const definition = defineTest();
  const { engine, log, rows } = bench(definition);
  await engine.resume();
  const refused = engine.write(async (tx) => {
    await definition.enqueue(tx, { name: 'a', lanes: [] });
    throw new Error('refused');
  });
  await expect(refused).rejects.toThrow('refused');
  await engine.settle();
  expect([log, await rows()]).toEqual([[], []]);
});

test('work of one lane runs one after the other in order, work of other lanes beside it', async () => {
  const gates = new Map([...'abcd'].map((name) => [name, gate()]));
  const definition = defineTest({
    steps: [
      {
        name: 'wait',
        run({ log }, { name }) {
          log.push(name);
          return gates.get(name)?.opened ?? Promise.resolve();
        },
      },
    ],
  });
  const { engine, log, begin } = bench(definition);
  await engine.resume();
  await begin(definition, 'a', ['one', 'two']);
  await begin(definition, 'b', ['two']);
  await begin(definition, 'c', ['three']);
  await begin(definition, 'd', ['two', 'three']);
  const ends = ['c', 'a', 'b', 'd'];
  const seen: string[] = [];
  for (const name of ends) {
    await settle();
    seen.push(log.join(''));
    gates.get(name)?.open();
  }
  await engine.settle();
  expect(seen).toEqual(['ac', 'ac', 'acb', 'acbd']);
});

test('a step sees the work that waits behind it', async () => {
  const seen: Record<string, string[]> = {};
  const opened = gate();
  const definition = defineTest({
    steps: [
      { name: 'wait', run: () => opened.opened },
      {
        name: 'look',
        async run(_, { name }, { waitingBehind }) {
          seen[name] = waitingBehind().map((row) => String(row.input.name));
        },
      },
    ],
  });
  const { engine, begin } = bench(definition);
  await engine.resume();
  await begin(definition, 'a', ['one', 'two']);
  await begin(definition, 'b', ['two', 'one']);
  await begin(definition, 'c', ['three']);
  await begin(definition, 'd', ['one']);
  opened.open();
  await engine.settle();
  expect(seen).toEqual({ a: ['b', 'd'], b: ['d'], c: [], d: [] });
});

test('rows that are enqueued before resume run after older work of their lanes', async () => {
  const definition = defineTest({ steps: [{ name: 'only', run: note('done') }] });
  const before = bench(definition);
  await before.begin(definition, 'old', ['lane']);
  const after = bench(definition, { metadata: before.metadata, clock: before.clock });
  await after.begin(definition, 'new', ['lane']);
  await after.engine.resume();
  await after.engine.settle();
  expect(after.log).toEqual(['done old', 'done new']);
});

test('another engine goes on where one was stopped, with the step that was under way', async () => {
  const definition = defineTest({
    steps: [
      { name: 'first', run: note('first'), save: true },
      {
        name: 'second',
        async run({ log }, _, { signal }) {
          log.push('second begins');
          if (log.length > 2) return;
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          );
        },
      },
      { name: 'third', run: note('third') },
    ],
  });
  const before = bench(definition);
  await before.engine.resume();
  await before.begin(definition, 'a');
  await settle();
  await before.engine.stop();
  expect(before.log).toEqual(['first a', 'second begins']);
  const after = bench(definition, before);
  await after.engine.resume();
  await after.engine.settle();
  expect(after.log).toEqual(['first a', 'second begins', 'second begins', 'third a']);
  expect(await after.rows()).toEqual([]);
});

test('a caller waits for a step, but no longer than it said', async () => {
  const second = gate();
  const definition = defineTest({
    steps: [
      { name: 'first', run: note('first') },
      { name: 'second', run: () => second.opened },
    ],
  });
  const { engine, begin, clock } = bench(definition);
  await engine.resume();
  const id = await begin(definition, 'a');
  await engine.reached(id, 'first', 1000);
  let hasReached = false;
  const waiting = engine.reached(id, 'second', 1000).then(() => {
    hasReached = true;
  });
  await settle();
  expect(hasReached).toBe(false);
  await clock.advance(1000);
  await waiting;
  second.open();
  await engine.settle();
});

test('the list shows what each piece of work does, and a pause can be cut short', async () => {
  let fails = true;
  const definition = defineTest({
    onFailure: 'retry',
    steps: [
      { name: 'first', run: note('first') },
      {
        name: 'second',
        async run() {
          if (fails) throw new Error('not yet');
        },
      },
    ],
  });
  const { engine, begin } = bench(definition);
  await engine.resume();
  const id = await begin(definition, 'a', ['lane']);
  await begin(definition, 'b', ['lane']);
  await settle();
  expect(engine.list()).toMatchObject([
    { workflow: { id }, step: 'second', status: 'pausing', problem: { message: 'not yet' } },
    { step: 'first', status: 'waiting' },
  ]);
  await expect(engine.drop(id)).rejects.toThrow(WorkNotFoundError);
  fails = false;
  expect(await engine.retry(id)).toBeUndefined();
  await engine.settle();
  expect(engine.list()).toEqual([]);
  await expect(engine.retry(id)).rejects.toThrow(WorkNotFoundError);
});

test('two steps of one name are refused, and a workflow without steps', () => {
  const step = { name: 'first', run: note('first') };
  expect(() => defineTest({ steps: [step, step] })).toThrow('names of their own');
  expect(() => defineTest({ steps: [] })).toThrow('has a step');
});
