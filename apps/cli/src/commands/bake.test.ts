import { expect, test } from 'vitest';
import { adminServer } from '../testing/fake-server.ts';
import { runCommandAt } from '../testing/run-command.ts';
import { bakeCommand, bakesCancelCommand, bakesCommand } from './bake.ts';

const bake = {
  bakeId: 'bake-0123456789abcdef0',
  recipe: 'bakehouse-linux',
  state: 'completed',
  startedAt: 1_795_980_355_245,
  endedAt: 1_795_980_361_000,
  isCancelling: false,
  images: [],
} as const;
const printedBake = {
  ...bake,
  startedAt: '2026-11-29T19:25:55.245Z',
  endedAt: '2026-11-29T19:26:01.000Z',
};

const refusal = { __type: 'InvalidParameterValue', message: "There is no recipe 'nope'" };
const replying = (result: object) => adminServer({ result });

const json = { options: { json: true, 'no-wait': true } };

test('--json prints the times of bakes as texts', async () => {
  const bakeId = [bake.bakeId];
  const runs = [
    await runCommandAt(await replying({ bakes: [bake] }), bakesCommand, json),
    await runCommandAt(await replying({ ...bake, isNew: true }), bakeCommand, json),
    await runCommandAt(await replying(bake), bakesCancelCommand, { ...json, args: bakeId }),
  ];
  expect(runs.map(({ printed }) => JSON.parse(printed.join('\n')))).toEqual([
    { bakes: [printedBake] },
    { ...printedBake, isNew: true },
    printedBake,
  ]);
});

test('the table of bakes has times to the minute, as other tables', async () => {
  const { printed } = await runCommandAt(await replying({ bakes: [bake] }), bakesCommand);
  expect(printed[1]).toMatch(/completed {2}2026-11-29 19:25$/);
});

test('a recipe that does not exist is a mistake in the call, a bake that does not is a failure', async () => {
  const url = await adminServer(refusal, 400);
  await expect(runCommandAt(url, bakeCommand, { args: ['nope'] })).rejects.toMatchObject({
    name: 'CommandUsageError',
    message: refusal.message,
  });
  await expect(
    runCommandAt(url, bakesCancelCommand, { args: [bake.bakeId] }),
  ).rejects.toMatchObject({ name: 'ApiError' });
});
