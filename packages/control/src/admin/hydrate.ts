import { secondMs } from '@bakehouse/base';
import { apiError, type Volume, type VolumeId } from '@bakehouse/domain';
import { beginInitialization } from '../launch/volume-initialization.ts';
import { checkId } from '../lookups.ts';
import type { AdminContext, AdminOperation } from './admin-operation.ts';

const lookEveryMs = secondMs / 2;

/** Records the wish, unless the volume has all of its blocks or is being filled already. */
async function ask(context: AdminContext, volumeId: VolumeId): Promise<void> {
  await context.engine.write(async (tx) => {
    const volume = await tx.get('volume', volumeId);
    if (!volume) throw apiError('InvalidVolume.NotFound', { id: volumeId });
    if (volume.state === 'error' || volume.state === 'deleting') {
      throw apiError('IncorrectState', {
        message: `The volume '${volumeId}' is '${volume.state}' and cannot be hydrated`,
      });
    }
    if (!volume.originMapId || volume.initialization?.state === 'initializing') return;
    const initialization = beginInitialization(context.clock.now());
    await tx.put('volume', { ...volume, initialization });
  });
  context.hydrator.wake(volumeId);
}

const progressOf = ({ id, originMapId, initialization }: Volume) => ({
  volumeId: id,
  state: originMapId ? 'initializing' : 'completed',
  progressPercent: originMapId ? (initialization?.progressPercent ?? 0) : 100,
});

/**
 * Fills a volume from the block store so that it needs it no more, and tells how far it is. It goes on without
 * a caller; `wait: false` answers at once.
 */
export const hydrate: AdminOperation = async function* (context, input) {
  const { volumeId: id, wait = true } = input;
  if (typeof id !== 'string') throw apiError('MissingParameter', { parameter: 'volumeId' });
  checkId('volume', id);
  const volumeId = id as VolumeId;
  await ask(context, volumeId);
  for (;;) {
    const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
    if (!volume) throw apiError('InvalidVolume.NotFound', { id: volumeId });
    const progress = progressOf(volume);
    yield progress;
    if (progress.state === 'completed' || wait === false) return;
    await context.clock.sleep(lookEveryMs, context.signal);
  }
};
