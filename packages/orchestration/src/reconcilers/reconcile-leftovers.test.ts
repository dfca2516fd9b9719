import { aSnapshot, aWorkflow } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { reconcileLeftovers } from './reconcile-leftovers.ts';

test('a pending snapshot stays as long as what makes it, by its origin', async () => {
  const { metadata, plane, read, scope } = await testPlane();
  const work = aWorkflow({
    id: 'wf-1',
    input: { note: 'snap-gone snap-bake', also: ['snap-bake'] },
  });
  const pending = { state: 'pending', progressPercent: 0 } as const;
  await metadata.write(async (tx) => {
    await tx.put('workflow', work);
    for (const snapshot of [
      aSnapshot({ ...pending, id: 'snap-taken', origin: { kind: 'capture', workflowId: 'wf-1' } }),
      aSnapshot({ ...pending, id: 'snap-gone', origin: { kind: 'capture', workflowId: 'wf-2' } }),
      aSnapshot({ ...pending, id: 'snap-old', origin: { kind: 'capture' } }),
      aSnapshot({ ...pending, id: 'snap-bake', origin: { kind: 'bake' } }),
      aSnapshot({ ...pending, id: 'snap-baking', origin: { kind: 'bake', workflowId: 'wf-1' } }),
      aSnapshot({ id: 'snap-done', origin: { kind: 'bake' } }),
      aSnapshot({ id: 'snap-seeded', origin: { kind: 'seed' } }),
    ]) {
      await tx.put('snapshot', snapshot);
    }
  });
  await reconcileLeftovers(plane.adminContext(scope, new AbortController().signal));
  const left = (await read((tx) => tx.list('snapshot'))).map(({ id }) => id);
  expect(left).toEqual(['snap-baking', 'snap-done', 'snap-seeded', 'snap-taken']);
});
