import type { BlockMapId, MetadataReader, RegionName } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import type { ControlTransaction } from '../workflow/transaction.ts';

export const pruneBlocksKind = 'prune-blocks';
/** All prunes share a lane, so that one runs at a time. */
export const pruneLane = 'prune-blocks';

/** Every map that a record still needs: snapshots, what volumes stand on, what their bitmaps count from. */
export async function neededMaps(reader: MetadataReader): Promise<Set<BlockMapId>> {
  const snapshots = await reader.list('snapshot');
  const volumes = await reader.list('volume');
  const needed = new Set<BlockMapId>(snapshots.map((snapshot) => snapshot.mapId));
  for (const { originMapId, baseline } of volumes) {
    if (originMapId) needed.add(originMapId);
    if (baseline) needed.add(baseline.mapId);
  }
  return needed;
}

/**
 * Removes maps that no record needs, and their chunks. The store is asked for its maps before the records
 * are read: a map is always made after its record, so one that was there first and has no record is garbage.
 */
export async function pruneBlocks(context: Pick<WorkflowContext, 'metadata' | 'snapshots'>) {
  const there = await context.snapshots.list();
  const needed = await context.metadata.read(neededMaps);
  return await context.snapshots.prune(new Set(there.filter((mapId) => !needed.has(mapId))));
}

/**
 * Asks for a prune after what this transaction deletes. One that waits behind another has not looked at the
 * records yet, so it will see this deletion too, and no third is needed.
 */
export async function enqueuePrune(tx: ControlTransaction, region: RegionName): Promise<void> {
  const rows = await tx.list('workflow');
  if (rows.filter((row) => row.kind === pruneBlocksKind).length >= 2) return;
  await tx.enqueue({ kind: pruneBlocksKind, region, lanes: [pruneLane], input: {} });
}

/** What deletions leave behind them. */
export const pruneBlocksWorkflow = defineWorkflow<WorkflowContext, Record<string, never>>({
  kind: pruneBlocksKind,
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
