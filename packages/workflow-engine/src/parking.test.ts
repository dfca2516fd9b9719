import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { WorkNotFoundError } from './engine.ts';
import { parkCodes } from './open-row.ts';
import { bench, defineTest, gate, note } from './testing/test-engine.ts';

const step = { name: 'only', run: note('done') };
const known = defineTest({ steps: [step] });

/** Makes rows by these definitions, then starts a server that has `known` only. */
async function parked(...written: (typeof known)[]) {
  const before = bench(written);
  for (const definition of written) await before.begin(definition, 'odd', ['lane']);
  await before.begin(known, 'behind', ['lane']);
  await before.begin(known, 'beside', ['other']);
  const { metadata, clock, log } = before;
  const after = bench(known, { metadata, clock, log });
  await after.engine.resume();
  await after.engine.settle();
  return after;
}

test.each([
  [parkCodes.kind, defineTest({ kind: 'of-tomorrow' })],
  [parkCodes.version, defineTest({ version: 2, steps: [step] })],
  [parkCodes.step, defineTest({ steps: [{ name: 'new', run: note('new') }, step] })],
])(
  '%s: the row is parked and holds its lanes, everything else goes on',
  async (code, definition) => {
    const { engine, log, lines, rows } = await parked(definition);
    expect(log).toEqual(['done beside']);
    expect(engine.list()).toMatchObject([
      { status: 'parked', problem: { code } },
      { status: 'waiting', workflow: { input: { name: 'behind' } } },
    ]);
    const marked = (await rows()).flatMap((row) => row.parked?.code ?? []);
    expect(marked).toEqual([code]);
    expect(lines).toContainEqual({
      message: 'workflow parked',
      fields: expect.objectContaining({ code, kind: definition.kind }),
    });
  },
);

test('an input that the definition does not write is parked, and says what is wrong with it', async () => {
  const before = bench(known);
  await before.begin(known, 'odd');
  const [row] = await before.rows();
  if (!row) throw new Error('there is a row');
  await before.metadata.write((tx) => tx.put('workflow', { ...row, input: { name: 7 } }));
  const { engine } = bench(known, { metadata: before.metadata });
  await engine.resume();
  expect(engine.list()).toMatchObject([
    { problem: { code: parkCodes.input, message: expect.stringContaining('expected') } },
  ]);
});

test('a server that knows the row takes it up, and the row is parked no longer', async () => {
  const tomorrow = defineTest({ kind: 'of-tomorrow', steps: [step] });
  const { metadata, engine, log } = await parked(tomorrow);
  await engine.stop();
  const later = bench([known, tomorrow], { metadata, log });
  await later.engine.resume();
  await later.engine.settle();
  expect(log).toEqual(['done beside', 'done odd', 'done behind']);
  expect(await later.rows()).toEqual([]);
});

test('dropped work makes way for what waits behind it', async () => {
  const { engine, log, rows } = await parked(defineTest({ kind: 'of-tomorrow' }));
  const [item] = engine.list();
  if (!item) throw new Error('something is parked');
  expect(await engine.retry(item.workflow.id)).toMatchObject({ code: parkCodes.kind });
  await engine.drop(item.workflow.id);
  await engine.settle();
  expect([log, await rows()]).toEqual([['done beside', 'done behind'], []]);
});

test('a retry of parked work whose row was deleted ends it, and what waits behind it goes on', async () => {
  const { engine, metadata, log, lines } = await parked(defineTest({ kind: 'of-tomorrow' }));
  const [item] = engine.list();
  if (!item) throw new Error('something is parked');
  await metadata.write((tx) => tx.delete('workflow', item.workflow.id));
  await expect(engine.retry(item.workflow.id)).rejects.toThrow(WorkNotFoundError);
  await engine.settle();
  expect([log, engine.list()]).toEqual([['done beside', 'done behind'], []]);
  expect(lines).toContainEqual({
    message: 'the row of a workflow was deleted, its work ends here',
    fields: { workflow: item.workflow.id, kind: 'of-tomorrow' },
  });
});

test('a retry that finds another problem reports it, and so does the list from then on', async () => {
  const { engine, metadata, rows } = await parked(defineTest({ kind: 'of-tomorrow' }));
  const row = (await rows()).find(({ kind }) => kind === 'of-tomorrow');
  if (!row) throw new Error('there is a row');
  await metadata.write((tx) => tx.put('workflow', { ...row, kind: known.kind, step: 'other' }));
  const problem = { code: parkCodes.step };
  expect(await engine.retry(row.id)).toMatchObject(problem);
  expect(engine.list('parked')).toMatchObject([{ problem }]);
});

test('parked work that waits for its lanes can be dropped too', async () => {
  const opened = gate();
  const slow = defineTest({ kind: 'slow', steps: [{ name: 'wait', run: () => opened.opened }] });
  const tomorrow = defineTest({ kind: 'of-tomorrow' });
  const before = bench([slow, tomorrow]);
  await before.begin(slow, 'a', ['lane']);
  await before.begin(tomorrow, 'odd', ['lane']);
  const { engine, rows } = bench([slow, known], { metadata: before.metadata });
  await engine.resume();
  await settle();
  const odd = engine.list().find(({ status }) => status === 'parked');
  if (!odd) throw new Error('something is parked');
  await engine.drop(odd.workflow.id);
  opened.open();
  await engine.settle();
  expect([engine.list(), await rows()]).toEqual([[], []]);
});

test('a row of an earlier version is converted, step by step', async () => {
  const first = defineTest({ steps: [{ name: 'one', run: note('one') }, step] });
  const before = bench(first);
  await before.begin(first, 'a');
  const third = defineTest({
    version: 3,
    steps: [{ name: 'three', run: note('three') }, step],
    earlier: {
      1: ({ input, step: at }) => ({
        input: { ...input, name: 'b' },
        step: at === 'one' ? 'two' : at,
      }),
      2: ({ input, step: at }) => ({
        input: { ...input, name: `${input.name}c` },
        step: at === 'two' ? 'three' : at,
      }),
    },
  });
  const { metadata, log } = before;
  const after = bench(third, { metadata, log });
  await after.engine.resume();
  expect(await after.rows()).toMatchObject([{ version: 3, step: 'three', input: { name: 'bc' } }]);
  await after.engine.settle();
  expect(log).toEqual(['three bc', 'done bc']);
});
