import { aWorkflow } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { workflowDrop, workflowList, workflowRetry } from './workflows.ts';

const workflowId = 'wf-0aaaaaaaaaaaaaaa1';
const ignore = () => {};

/** The context of a control plane that found work of a kind that it does not know. */
async function withParkedWork() {
  const row = aWorkflow({ id: workflowId, kind: 'of-tomorrow', lanes: ['i-1'] });
  const { plane, scope } = await testPlane(1, [row]);
  return plane.adminContext(scope, new AbortController().signal);
}

test('parked work is listed with its reason, stays parked when it is tried again, and can be dropped', async () => {
  const context = await withParkedWork();
  const problem = { code: 'UnknownKind' };
  expect(await workflowList(context, {}, ignore)).toMatchObject({
    workflows: [{ workflowId, status: 'parked', problem }],
  });
  expect(await workflowList(context, { status: 'running' }, ignore)).toEqual({ workflows: [] });
  expect(await workflowRetry(context, { workflowId }, ignore)).toMatchObject({ problem });
  expect(await workflowDrop(context, { workflowId }, ignore)).toEqual({ workflowId });
  expect(await workflowList(context, {}, ignore)).toEqual({ workflows: [] });
});

test('work that does not exist is refused with the way out', async () => {
  const context = await withParkedWork();
  const input = { workflowId: 'wf-0bbbbbbbbbbbbbbb2' } as const;
  const refusal = {
    code: 'InvalidParameterValue',
    message: "there is no work wf-0bbbbbbbbbbbbbbb2; 'bakehouse workflows' lists what exists",
  };
  await expect(workflowDrop(context, input, ignore)).rejects.toMatchObject(refusal);
  await expect(workflowRetry(context, input, ignore)).rejects.toMatchObject(refusal);
});
