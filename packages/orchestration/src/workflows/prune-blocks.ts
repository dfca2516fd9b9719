import { type BlockMapId, everyRegion, type HotMaps, readHeldMaps } from '@bakehouse/domain';
import { type ControlTransaction, defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { inputReader } from './input.ts';

const kind = 'prune-blocks';

/** Removes the hot file of a map that no record holds: no volume's record says that it reads it. */
export async function dropUnheld(hot: Pick<HotMaps, 'drop'>, mapId: BlockMapId): Promise<void> {
  await hot.drop(mapId, async (volumeIds) => new Set(volumeIds));
}

/**
 * Removes maps that no record holds, and their chunks. The store lists its maps before the records are read: a map is
 * always made after its record, so one that existed before and is held by no record is garbage.
 */
export async function pruneBlocks(
  context: Pick<WorkflowContext, 'metadata' | 'snapshots' | 'hot'>,
) {
  const existing = await context.snapshots.list();
  const hot = await context.hot.list();
  const held = await context.metadata.read(readHeldMaps);
  for (const { mapId } of hot) if (!held.has(mapId)) await dropUnheld(context.hot, mapId);
  return await context.snapshots.prune(new Set(existing.filter((mapId) => !held.has(mapId))));
}

/**
 * Asks for a prune after what this transaction deletes. One that waits behind another has not looked at the
 * records yet, so it will see this deletion too, and no third is needed.
 */
export async function enqueuePrune(tx: ControlTransaction): Promise<void> {
  const rows = await tx.list('workflow', { where: { kind: [kind] } });
  if (rows.length < 2) await pruneBlocksWorkflow.enqueue(tx, {});
}

/** Frees what deletions leave behind them. All prunes share a lane, so that one runs at a time. */
export const pruneBlocksWorkflow = defineWorkflow<WorkflowContext, Record<string, never>>({
  kind,
  version: 1,
  readInput: inputReader({}),
  place: async () => ({ region: everyRegion, lanes: [kind] }),
  onFailure: 'retry',
  steps: [
    {
      name: 'prune',
      async run(context) {
        await pruneBlocks(context);
      },
    },
  ],
});
