import type { AdminProgress } from '@bakehouse/admin-api';
import { secondMs } from '@bakehouse/base';
import {
  apiError,
  beginInitialization,
  refuseElsewhere,
  type Volume,
  type VolumeId,
} from '@bakehouse/domain';
import type { AdminContext, AdminHandler } from './admin-handler.ts';

const lookEveryMs = secondMs / 2;

function checkFillable({ id, state }: Volume): void {
  if (state !== 'error' && state !== 'deleting') return;
  throw apiError('IncorrectState', {
    message: `The volume '${id}' is '${state}' and cannot be hydrated`,
  });
}

/** Records the request, unless the volume has all of its blocks or is already being filled. */
async function ask(context: AdminContext, volumeId: VolumeId): Promise<void> {
  await context.engine.write(async (tx) => {
    const volume = await tx.get('volume', volumeId);
    if (!volume) throw apiError('InvalidVolume.NotFound', { id: volumeId });
    refuseElsewhere(volume, context.settings.hostId);
    checkFillable(volume);
    if (!volume.originMapId || volume.initialization?.state === 'initializing') return;
    const initialization = beginInitialization(context.clock.now());
    await tx.put('volume', { ...volume, initialization });
  });
  context.hydrator.wake(volumeId);
}

const progressOf = ({ id, originMapId, initialization }: Volume): AdminProgress<'Hydrate'> => ({
  volumeId: id,
  state: originMapId ? 'initializing' : 'completed',
  progressPercent: originMapId ? (initialization?.progressPercent ?? 0) : 100,
});

/**
 * Fills a volume from the block store until it no longer needs it, and reports progress. It continues without a
 * caller; `wait: false` returns at once.
 */
export const hydrate: AdminHandler<'Hydrate'> = async (
  context,
  { volumeId, wait = true },
  report,
) => {
  await ask(context, volumeId);
  for (;;) {
    const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
    if (!volume) throw apiError('InvalidVolume.NotFound', { id: volumeId });
    const progress = progressOf(volume);
    if (progress.state === 'completed') return progress;
    // A volume that failed while it was created keeps its origin, and nothing fills it.
    checkFillable(volume);
    if (!wait) return progress;
    report(progress);
    await context.clock.sleep(lookEveryMs, context.signal);
  }
};
