import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { StepFailure } from './step-failure.ts';
import { bench, defineTest, gate, note } from './testing/test-engine.ts';

const retry = [{ on: ['Held'], pauseMs: 2000, yields: true }];

test('work that comes back from its pause waits for what has the lane since then', async () => {
  const opened = gate();
  let tries = 0;
  const yielding = defineTest({
    kind: 'yielding',
    steps: [
      {
        name: 'only',
        run: {
          async perform({ log }) {
            tries += 1;
            log.push(`try ${tries}`);
            if (tries === 1) throw new StepFailure('Held', 'not yet');
          },
          retry,
        },
      },
    ],
  });
  const slow = defineTest({
    kind: 'slow',
    steps: [
      { name: 'wait', run: () => opened.opened },
      { name: 'end', run: note('end') },
    ],
  });
  const { engine, begin, log, clock } = bench([yielding, slow]);
  await engine.resume();
  await begin(yielding, 'a', ['lane']);
  await settle();
  await begin(slow, 'b', ['lane']);
  await clock.advance(5000);
  expect(log).toEqual(['try 1']);
  opened.open();
  await engine.settle();
  expect(log).toEqual(['try 1', 'end b', 'try 2']);
});

test('work that is given up after such a pause undoes every step, as after a restart', async () => {
  const failures = ['Held', 'NoRoom'];
  const definition = defineTest({
    steps: [
      { name: 'first', run: note('first'), undo: note('undo first') },
      {
        name: 'second',
        run: {
          async perform() {
            throw new StepFailure(failures.shift() ?? 'None', 'not now');
          },
          retry,
        },
        undo: note('undo second'),
      },
      { name: 'third', run: note('third'), undo: note('undo third') },
    ],
  });
  const { engine, begin, log, clock } = bench(definition);
  await engine.resume();
  await begin(definition, 'a');
  await clock.advanceUntil(() => engine.list().length === 0);
  expect(log).toEqual(['first a', 'undo third a', 'undo second a', 'undo first a']);
});
