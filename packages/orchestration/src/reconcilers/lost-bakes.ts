import type { Bake, Failure, MetadataReader } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { discardDisk } from '../workflows/bake-image.ts';
import { enqueuePrune } from '../workflows/prune-blocks.ts';

export interface LostBakesContext
  extends Pick<ReconcilerContext, 'engine' | 'clock' | 'logger' | 'builder'> {
  readonly changes: Pick<ReconcilerContext['changes'], 'forget'>;
}

const failure: Failure = {
  code: 'WorkGone',
  message:
    'The work of this bake no longer exists, for example because it was parked and dropped. Start a new bake.',
};

async function findLostBakes(reader: MetadataReader): Promise<readonly Bake[]> {
  const bakes = await reader.list('bake', { where: { state: ['in-progress'] } });
  if (bakes.length === 0) return [];
  const works = await reader.getMany(
    'workflow',
    bakes.map(({ workflowId }) => workflowId),
  );
  return bakes.filter((_, index) => !works[index]);
}

/** Ends in-progress bakes that no work will end: they fail, and what they had made is removed. */
export async function endLostBakes(context: LostBakesContext): Promise<void> {
  const { engine, clock, logger, changes } = context;
  const endedAt = clock.now();
  const lost = await engine.write(async (tx) => {
    const bakes = await findLostBakes(tx);
    for (const { content, isCancelling: _, ...bake } of bakes) {
      await tx.put('bake', { ...bake, state: 'failed', endedAt, failure });
      if (!content) continue;
      await tx.delete('snapshot', content.snapshotId);
      await enqueuePrune(tx);
    }
    return bakes;
  });
  for (const { id, content } of lost) {
    logger.log('warn', 'failed a bake that has no workflow any more', { bakeId: id });
    changes.forget(id);
    if (content) await discardDisk(context, id, content.disk);
  }
}
