import {
  type BlockMapId,
  type FastRestore,
  type FastRestoreState,
  inState,
  type MetadataReader,
  nextFastRestoreState,
} from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';

const unsettled: FastRestoreState[] = ['enabling', 'optimizing', 'enabled', 'disabling'];

async function nextOf(
  reader: MetadataReader,
  { state, snapshotId }: FastRestore,
  hot: ReadonlySet<BlockMapId>,
): Promise<FastRestoreState> {
  const snapshot = await reader.get('snapshot', snapshotId);
  const isHot = snapshot !== undefined && hot.has(snapshot.mapId);
  return nextFastRestoreState(state, { snapshotState: snapshot?.state, isHot });
}

/** Takes every record a step on, where there is one. Returns how many changed: call it again until none does. */
export async function settleFastRestores(
  context: Pick<ReconcilerContext, 'metadata' | 'engine' | 'clock' | 'hot'>,
): Promise<number> {
  const read = async (reader: MetadataReader) =>
    await reader.list('fastRestore', { where: { state: unsettled } });
  if ((await context.metadata.read(read)).length === 0) return 0;
  const ready = (await context.hot.list()).filter(({ state }) => state === 'ready');
  const hot = new Set(ready.map(({ mapId }) => mapId));
  return await context.engine.write(async (tx) => {
    let changed = 0;
    for (const record of await read(tx)) {
      const next = await nextOf(tx, record, hot);
      if (next === record.state) continue;
      await tx.put('fastRestore', inState(record, next, context.clock.now()));
      changed += 1;
    }
    return changed;
  });
}
