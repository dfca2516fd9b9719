import type { MetadataStore } from '@bakehouse/domain';
import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { StepFailure } from './step-failure.ts';
import { bench, defineTest, note, testLease } from './testing/test-engine.ts';

/** Fails the calls that `isAway` names; both count from 1, from now on. */
function failing(
  metadata: MetadataStore,
  isAway: (call: 'read' | 'write', number: number) => boolean,
): void {
  const read = metadata.read.bind(metadata);
  const write = metadata.write.bind(metadata);
  const made = { read: 0, write: 0 };
  const refuse = (call: 'read' | 'write') => {
    made[call] += 1;
    if (isAway(call, made[call])) throw new Error('the store is away for a moment');
  };
  metadata.read = async (work) => {
    refuse('read');
    return await read(work);
  };
  metadata.write = async (work) => {
    refuse('write');
    return await write(work);
  };
}

test('work that unwinds never goes forward again, although looks at its row fail too', async () => {
  let failures = 1;
  const definition = defineTest({
    steps: [
      { name: 'first', run: note('first'), undo: note('undo first') },
      {
        name: 'second',
        async run({ log }) {
          log.push('second');
          failures -= 1;
          if (failures >= 0) throw new StepFailure('NoRoom', 'no room');
        },
        undo: note('undo second'),
      },
      { name: 'third', run: note('third'), undo: note('undo third') },
    ],
  });
  const { engine, begin, log, metadata, clock, lines } = bench(definition);
  await engine.resume();
  // Writes: the row, the unwinding, the end.
  failing(metadata, (call, number) => (call === 'write' ? number === 3 : number <= 2));
  await begin(definition, 'a');
  await clock.advanceUntil(() => engine.list().length === 0);
  const undone = ['undo second a', 'undo first a'];
  expect(log).toEqual(['first a', 'second', ...undone, ...undone]);
  expect(lines.map(({ message }) => message)).toContain('workflow cannot be read, trying again');
});

test('after the end could not be recorded all that was done is undone, whatever the row says', async () => {
  let runs = 0;
  const definition = defineTest({
    steps: [
      {
        name: 'first',
        async run({ log }) {
          runs += 1;
          if (runs > 1) throw new StepFailure('NoRoom', 'no room any more');
          log.push('first');
        },
        undo: note('undo first'),
      },
      { name: 'second', run: note('second'), undo: note('undo second') },
      { name: 'third', run: note('third'), undo: note('undo third') },
    ],
  });
  const { engine, begin, log, metadata, clock } = bench(definition);
  await engine.resume();
  // Writes: the row, the end.
  failing(metadata, (call, number) => call === 'write' && number === 2);
  await begin(definition, 'a');
  await clock.advanceUntil(() => engine.list().length === 0);
  const done = ['first', 'second a', 'third a'];
  expect(log).toEqual([...done, 'undo third a', 'undo second a', 'undo first a']);
});

test('a first read that fails fails its callers only; the next ones read again', async () => {
  const definition = defineTest();
  const { engine, begin, log, metadata } = bench(definition);
  failing(metadata, (call, number) => call === 'read' && number === 1);
  await expect(begin(definition, 'a')).rejects.toThrow('away for a moment');
  await begin(definition, 'b');
  await engine.resume();
  await engine.settle();
  expect(log).toEqual(['first b', 'second b', 'third b']);
});

test('after a failed write nothing runs again that the next server has taken over', async () => {
  const definition = defineTest();
  const old = bench(definition, { options: { lease: testLease(1) } });
  const { metadata, clock } = old;
  await old.engine.resume();
  // Writes: the row, the end.
  failing(metadata, (call, number) => call === 'write' && number === 2);
  await old.begin(definition, 'a');
  await settle();
  const hanging = defineTest({
    steps: [{ name: 'first', run: () => new Promise<void>(() => {}) }],
  });
  const now = bench(hanging, { metadata, clock, options: { lease: testLease(2) } });
  await now.engine.resume();
  await clock.advance(20_000);
  expect(old.log).toEqual(['first a', 'second a', 'third a']);
  expect(old.engine.haltedBecause).toMatch('belongs to another server');
});
