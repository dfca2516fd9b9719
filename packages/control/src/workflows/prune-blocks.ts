import type { BlockMapId, MetadataReader } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';

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
