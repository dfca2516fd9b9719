import { expect, test } from 'vitest';
import { adminServer } from '../testing/fake-server.ts';
import { runCommandAt } from '../testing/run-command.ts';
import { workflowsCommand } from './workflows.ts';

test('--json prints the time of work as a text', async () => {
  const work = {
    ...{ workflowId: 'wf-0123456789abcdef0', kind: 'bake-image', version: 1, step: 'build' },
    ...{ status: 'running', unwinding: false, lanes: [], createdAt: 1_795_980_355_245 },
  };
  const url = await adminServer({ result: { workflows: [work] } });
  const { printed } = await runCommandAt(url, workflowsCommand, { options: { json: true } });
  const createdAt = '2026-11-29T19:25:55.245Z';
  expect(JSON.parse(printed.join(''))).toEqual({ workflows: [{ ...work, createdAt }] });
});
