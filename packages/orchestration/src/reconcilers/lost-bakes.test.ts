import { aBake, aSnapshot, aWorkflow } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { bakeList, bakeStart } from '../admin/bakes.ts';
import { workflowDrop } from '../admin/workflows.ts';
import { ChangeFeed } from '../changes/change-feed.ts';
import { testPlane } from '../testing/test-plane.ts';
import { endLostBakes } from './lost-bakes.ts';
import { reconcileLeftovers } from './reconcile-leftovers.ts';

const ignore = () => {};
const parkedId = 'wf-0aaaaaaaaaaaaaaa1';
const inProgress = aBake({
  id: 'bake-0aaaaaaaaaaaaaaa1',
  workflowId: parkedId,
  state: 'in-progress',
});

/** A control plane that found the work of `inProgress`, and parked it. */
async function withParkedBake() {
  const input = { bakeId: inProgress.id };
  const row = aWorkflow({ id: parkedId, kind: 'bake-image', version: 99, input, lanes: [] });
  const world = await testPlane(1, [row]);
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const put = (bake = inProgress) => world.metadata.write((tx) => tx.put('bake', bake));
  const only = async () => (await bakeList(context, { bakeId: inProgress.id }, ignore)).bakes[0];
  return { ...world, context, put, only };
}

test('a bake whose work is parked goes on, and ends as failed when the work is dropped', async () => {
  const { context, put, only } = await withParkedBake();
  await put();
  await reconcileLeftovers(context);
  expect(await bakeStart(context, {}, ignore)).toMatchObject({ isNew: false });
  await workflowDrop(context, { workflowId: parkedId }, ignore);
  expect(await only()).toMatchObject({
    state: 'failed',
    endedAt: context.clock.now(),
    failure: { code: 'WorkGone', message: expect.stringContaining('dropped') },
  });
});

test('a start ends a bake without work, and so does the next bake of its recipe', async () => {
  const { context, put, only, plane, settle } = await withParkedBake();
  await plane.engine.drop(parkedId);
  await put();
  await reconcileLeftovers(context);
  expect(await only()).toMatchObject({ state: 'failed' });
  await put({ ...inProgress, isCancelling: true });
  expect(await bakeStart(context, {}, ignore)).toMatchObject({ isNew: true });
  expect(await only()).toMatchObject({ state: 'failed', isCancelling: false });
  await settle();
});

test('what a lost bake had made goes with it', async () => {
  const { context, put, plane, settle, drivers, read } = await withParkedBake();
  await plane.engine.drop(parkedId);
  const disk = await drivers.builder.bake({ recipe: inProgress.recipe });
  const content = { disk, snapshotId: 'snap-0aaaaaaaaaaaaaaa1', mapId: 'map-1' } as const;
  const snapshot = aSnapshot({
    id: content.snapshotId,
    state: 'pending',
    origin: { kind: 'bake', workflowId: parkedId },
  });
  await context.metadata.write((tx) => tx.put('snapshot', snapshot));
  await put({ ...inProgress, content });
  await bakeStart(context, { recipe: 'base' }, ignore);
  expect(await read((tx) => tx.get('snapshot', content.snapshotId))).toBeUndefined();
  await settle();
  expect(drivers.builder.disks).toEqual([]);
});

test('a lost bake has no progress any more', async () => {
  const { context, put, only, plane, clock } = await withParkedBake();
  await plane.engine.drop(parkedId);
  await put();
  const changes = new ChangeFeed({ clock, stamp: 'run' });
  changes.progress(inProgress.id, { stage: 'store', fraction: 0.5 });
  await endLostBakes({ ...context, changes });
  expect(await only()).toMatchObject({ state: 'failed' });
  expect(changes.lastProgress(inProgress.id)).toBeUndefined();
});
