import { expect, test } from 'vitest';
import { checkWork, type ParkedWork } from './check-work.ts';

test('parked work fails the examination and names the way out', async () => {
  const workflowId = 'wf-0123456789abcdef0';
  const problem = { code: 'UnknownWork', message: 'nobody knows it' };
  const lanes = ['i-1', 'vol-1'];
  const parked: ParkedWork = { workflowId, kind: 'of-tomorrow', lanes, problem };
  expect(await checkWork(async () => [parked])).toMatchObject([
    {
      status: 'fail',
      detail: `${workflowId} (of-tomorrow) on i-1, vol-1 is parked: nobody knows it`,
      remedy: expect.stringContaining(`workflows drop ${workflowId}`),
    },
  ]);
  expect(await checkWork(async () => [])).toMatchObject([{ status: 'ok' }]);
});

test('a server that does not answer is a warning', async () => {
  const failing = () => Promise.reject(new Error('connection refused'));
  expect(await checkWork(failing)).toMatchObject([
    { status: 'warn', detail: expect.stringContaining('connection refused') },
  ]);
});
