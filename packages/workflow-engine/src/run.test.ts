import type { Failure } from '@bakehouse/domain';
import { ManualClock, settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import type { WorkflowStep } from './definition.ts';
import { StepFailure } from './step-failure.ts';
import {
  bench,
  defineTest,
  note,
  type TestContext,
  type TestInput,
} from './testing/test-engine.ts';

type Step = WorkflowStep<TestContext, TestInput, string>;

/** An action that fails with the code so many times, then logs the word. */
const failing = (times: number, code: string, word: string) => {
  let left = times;
  return async ({ log }: TestContext): Promise<void> => {
    left -= 1;
    if (left >= 0) throw new StepFailure(code, `${word} failed`);
    log.push(word);
  };
};

async function runOnce(steps: readonly Step[], onFailure: 'unwind' | 'retry' = 'unwind') {
  const definition = defineTest({ steps, onFailure });
  const clock = new ManualClock();
  const made = bench(definition, { clock });
  await made.engine.resume();
  const writes: string[] = [];
  const write = made.metadata.write.bind(made.metadata);
  made.metadata.write = async (work) => {
    const { result, row } = await write(async (tx) => {
      const result = await work(tx);
      return { result, row: (await tx.list('workflow'))[0] };
    });
    writes.push(row ? `${row.state} ${row.step}` : 'ended');
    return result;
  };
  await made.begin(definition, 'a');
  await clock.advanceUntil(async () => (await made.rows()).length === 0).catch(() => {});
  await made.engine.settle();
  return { ...made, writes };
}

test('a step that commits moves on in the same transaction, another writes nothing', async () => {
  const { writes, rows, metadata } = await runOnce([
    { name: 'first', run: note('first') },
    {
      name: 'second',
      run: async () => (tx) => tx.put('setting', { id: 'mark', value: 'second' }),
    },
    { name: 'third', run: note('third'), save: true },
    { name: 'fourth', run: note('fourth') },
    { name: 'fifth', run: async () => (tx) => tx.put('setting', { id: 'end', value: 'fifth' }) },
  ]);
  expect(writes).toEqual(['running first', 'running third', 'running fourth', 'ended']);
  expect(await rows()).toEqual([]);
  const settings = await metadata.read((reader) => reader.list('setting'));
  expect(settings.map(({ id }) => id)).toEqual(['end', 'mark']);
});

test('a failing step unwinds those done, last first, itself too, and they know why', async () => {
  const reasons: (Failure | undefined)[] = [];
  const { log, writes } = await runOnce([
    {
      name: 'first',
      run: note('first'),
      async undo(_, __, { failure }) {
        reasons.push(failure);
      },
    },
    { name: 'second', run: failing(1, 'NoRoom', 'second'), undo: note('undo second') },
    { name: 'third', run: note('third'), undo: note('undo third') },
  ]);
  expect(log).toEqual(['first a', 'undo second a']);
  expect(reasons).toEqual([{ code: 'NoRoom', message: 'second failed' }]);
  expect(writes).toEqual(['running first', 'unwinding second', 'ended']);
});

test('a commit that fails is a failure of its step, and nothing of it is kept', async () => {
  const { log, metadata } = await runOnce([
    { name: 'first', run: note('first'), undo: note('undo first') },
    {
      name: 'second',
      run: async () => async (tx) => {
        await tx.put('setting', { id: 'mark', value: 'half' });
        throw new StepFailure('Late', 'the caller has gone');
      },
      async undo({ log: words }, _, { failure }) {
        words.push(`undo second: ${failure?.code}`);
      },
    },
  ]);
  expect(log).toEqual(['first a', 'undo second: Late', 'undo first a']);
  expect(await metadata.read((reader) => reader.list('setting'))).toEqual([]);
});

test('with onFailure retry a step is tried after growing pauses until it succeeds', async () => {
  const triedAt: number[] = [];
  const clock = new ManualClock();
  const definition = defineTest({
    onFailure: 'retry',
    steps: [
      {
        name: 'only',
        async run() {
          triedAt.push(clock.elapsed());
          if (triedAt.length < 5) throw new Error('not yet');
        },
      },
    ],
  });
  const { engine, begin } = bench(definition, { clock });
  await engine.resume();
  await begin(definition, 'a');
  await clock.advanceUntil(() => triedAt.length === 5);
  await engine.settle();
  const pauses = triedAt.slice(1).map((at, index) => at - (triedAt[index] ?? 0));
  expect(pauses).toEqual([200, 400, 800, 1600]);
});

test('the first rule that names the code applies; a code without a rule unwinds', async () => {
  const retry = [
    { on: ['Away'], withinMs: 60_000, pauseMs: 1000 },
    { on: ['Shaky'], triesMax: 3, pauseMs: 10 },
  ];
  const step = (times: number, code: string): Step[] => [
    { name: 'only', run: { perform: failing(times, code, 'done'), retry }, undo: note('undo') },
  ];
  expect((await runOnce(step(60, 'Away'))).log).toEqual(['done']);
  expect((await runOnce(step(61, 'Away'))).log).toEqual(['undo a']);
  expect((await runOnce(step(2, 'Shaky'))).log).toEqual(['done']);
  expect((await runOnce(step(3, 'Shaky'))).log).toEqual(['undo a']);
  expect((await runOnce(step(1, 'Other'))).log).toEqual(['undo a']);
});

test('limited tries are counted in the row, over a restart too, and a step knows which it is', async () => {
  const attempts: number[] = [];
  const definition = defineTest({
    steps: [
      {
        name: 'only',
        run: {
          async perform(_, __, { attempt }) {
            attempts.push(attempt);
            throw new StepFailure('Shaky', 'once more');
          },
          retry: [{ on: 'any', triesMax: 4, pauseMs: 1000 }],
        },
        undo: note('undo'),
      },
    ],
  });
  const before = bench(definition);
  await before.engine.resume();
  await before.begin(definition, 'a');
  await before.clock.advance(1000);
  expect(attempts).toEqual([1, 2]);
  expect(await before.rows()).toMatchObject([{ retries: { Shaky: 2 } }]);
  await before.engine.stop();
  const after = bench(definition, before);
  await after.engine.resume();
  await after.clock.advance(5000);
  await after.engine.settle();
  expect(attempts).toEqual([1, 2, 3, 4]);
  expect(after.log).toEqual(['undo a']);
});

test('a fallback takes the place of an action whose tries are used up, and is done in the end', async () => {
  let failures = 2;
  const { log, metadata } = await runOnce([
    {
      name: 'first',
      run: {
        perform: failing(9, 'Broken', 'first'),
        retry: [{ on: 'any', triesMax: 3, pauseMs: 10 }],
        async fallback({ log: words }, _, { failure }) {
          failures -= 1;
          if (failures >= 0) throw new Error('the fallback fails, too');
          words.push(`instead of ${failure?.code}`);
          return (tx) => tx.put('setting', { id: 'mark', value: 'fallback' });
        },
      },
      undo: note('undo first'),
    },
    {
      name: 'second',
      async run({ log: words }, _, { failure }) {
        words.push(`second, ${failure === undefined ? 'no failure' : 'failure'}`);
      },
    },
  ]);
  expect(log).toEqual(['instead of Broken', 'second, no failure']);
  expect(await metadata.read((reader) => reader.list('setting'))).toHaveLength(1);
});

test('after the fallback of an undo the others still know why the work unwinds', async () => {
  const { log } = await runOnce([
    {
      name: 'first',
      async undo({ log: words }, _, { failure }) {
        words.push(`undo first: ${failure?.code}`);
      },
    },
    {
      name: 'second',
      run: note('second'),
      undo: {
        perform: failing(1, 'Stuck', 'undo second'),
        async fallback({ log: words }, _, { failure }) {
          words.push(`instead of undo second: ${failure?.code}`);
        },
      },
    },
    { name: 'third', run: failing(1, 'NoRoom', 'third') },
  ]);
  expect(log).toEqual(['second a', 'instead of undo second: Stuck', 'undo first: NoRoom']);
});

test('undoing is tried until it succeeds', async () => {
  const { log } = await runOnce([
    { name: 'first', run: note('first'), undo: failing(4, 'Stuck', 'undo first') },
    { name: 'second', run: failing(1, 'NoRoom', 'second') },
  ]);
  expect(log).toEqual(['first a', 'undo first']);
});

test('after a crash all that an earlier server may have done is undone', async () => {
  const fail = { now: false };
  const definition = defineTest({
    steps: [
      {
        name: 'first',
        async run({ log }) {
          if (fail.now) throw new Error('no longer');
          log.push('first');
        },
        undo: note('undo first'),
      },
      { name: 'second', run: note('second'), undo: note('undo second') },
      { name: 'third', run: (_, __, { signal }) => aborted(signal), undo: note('undo third') },
    ],
  });
  const before = bench(definition);
  await before.engine.resume();
  await before.begin(definition, 'a');
  await settle();
  await before.engine.stop();
  fail.now = true;
  const after = bench(definition, before);
  await after.engine.resume();
  await after.engine.settle();
  expect(after.log).toEqual(['first', 'second a', 'undo third a', 'undo second a', 'undo first a']);
});

const aborted = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('work that yields comes after what waits in its lanes, and pauses before it tries again', async () => {
  let isHeld = true;
  const definition = defineTest({
    onFailure: 'retry',
    steps: [
      {
        name: 'only',
        run: {
          async perform({ log }, { name }) {
            log.push(name);
            if (name === 'holding' && isHeld) throw new StepFailure('Held', 'not yet');
            if (name === 'forcing') isHeld = false;
          },
          retry: [{ on: ['Held'], pauseMs: 2000, yields: true }],
        },
      },
    ],
  });
  const { engine, begin, log, clock } = bench(definition);
  await engine.resume();
  await begin(definition, 'holding', ['disk', 'instance']);
  await clock.advanceUntil(() => engine.list('pausing').length === 1);
  await begin(definition, 'other', ['instance']);
  await settle();
  expect(log).toEqual(['holding', 'other']);
  await clock.advance(1900);
  expect(log).toEqual(['holding', 'other']);
  await clock.advanceUntil(() => log.length === 3);
  await clock.advanceUntil(() => engine.list('pausing').length === 1);
  await begin(definition, 'forcing', ['disk']);
  await clock.advanceUntil(() => engine.list().length === 0);
  expect(log).toEqual(['holding', 'other', 'holding', 'forcing', 'holding']);
});

test('a store that cannot take a row is asked again, from what the row says', async () => {
  const definition = defineTest();
  const { engine, metadata, begin, clock, log, lines } = bench(definition);
  await engine.resume();
  await begin(definition, 'a', ['lane']);
  await engine.settle();
  const write = metadata.write.bind(metadata);
  let failures = 2;
  await begin(definition, 'b', ['lane']);
  metadata.write = (work) => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(new Error('the disk is full')) : write(work);
  };
  await clock.advance(20_000);
  await engine.settle();
  expect(log.filter((line) => line === 'third b')).toHaveLength(3);
  expect(lines.map(({ message }) => message)).toContain(
    'workflow cannot be recorded, trying again',
  );
});

test('a step knows when the work was enqueued, when the run began, and what is done', async () => {
  const seen: { createdAt?: number; names?: readonly string[] } = {};
  await runOnce([
    { name: 'first', run: note('first') },
    {
      name: 'second',
      async run(_, __, work) {
        work.mark('inside');
      },
    },
    {
      name: 'third',
      async run(_, __, { createdAt, marks }) {
        seen.createdAt = createdAt;
        seen.names = marks.map(({ name }) => name);
        const times = [createdAt, ...marks.map(({ at }) => at)];
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      },
    },
  ]);
  expect(seen.createdAt).toBeTypeOf('number');
  expect(seen.names).toEqual(['began', 'first', 'inside', 'second']);
});

test('a run keeps its first hundred marks', async () => {
  let count = 0;
  await runOnce([
    {
      name: 'only',
      async run(_, __, work) {
        for (let index = 0; index < 200; index += 1) work.mark('again');
        count = work.marks.length;
      },
    },
  ]);
  expect(count).toBe(100);
});
