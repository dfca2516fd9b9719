import type { Snapshot, WorkflowId } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { findUnnamed } from '../leftovers/find-unnamed.ts';
import { enqueuePrune } from '../workflows/prune-blocks.ts';
import { endLostBakes, type LostBakesContext } from './lost-bakes.ts';

type LeftoversContext = LostBakesContext &
  Pick<
    ReconcilerContext,
    'metadata' | 'snapshots' | 'volumes' | 'hot' | 'network' | 'publisher' | 'compute'
  >;

/** Whether something still works on a pending snapshot when a server starts: each origin has its own rule. */
function isInProgress({ origin }: Snapshot, workflowIds: ReadonlySet<WorkflowId>): boolean {
  switch (origin.kind) {
    case 'capture':
    case 'bake':
      return origin.workflowId !== undefined && workflowIds.has(origin.workflowId);
    case 'seed':
      // Complete from the beginning: nothing that can be cut off.
      return true;
  }
}

/** Deletes pending snapshots that nothing will complete or fail, such as that of a bake that was interrupted. */
async function deleteInterruptedSnapshots(
  context: Pick<ReconcilerContext, 'metadata'>,
): Promise<void> {
  await context.metadata.write(async (tx) => {
    const workflowIds = new Set((await tx.list('workflow')).map(({ id }) => id));
    for (const snapshot of await tx.list('snapshot', { where: { state: ['pending'] } })) {
      if (!isInProgress(snapshot, workflowIds)) await tx.delete('snapshot', snapshot.id);
    }
  });
}

/**
 * Removes what a crash between two steps can leave: bakes and pending snapshots that no work will end, and things
 * without a record. Call it while no workflow runs: at a start, and in a reset.
 */
export async function reconcileLeftovers(context: LeftoversContext): Promise<void> {
  await endLostBakes(context);
  await deleteInterruptedSnapshots(context);
  const leftovers = await findUnnamed(context.metadata, { ...context, keeper: context.compute });
  const maps = leftovers.filter(({ kind }) => kind === 'block map');
  for (const { kind, name, problem, remove } of leftovers.filter((each) => !maps.includes(each))) {
    context.logger.log('warn', 'removing a leftover', { kind, name, problem });
    await remove();
  }
  // Pruning takes its time, so it is work of its own.
  if (maps.length > 0) await context.engine.write(enqueuePrune);
}
