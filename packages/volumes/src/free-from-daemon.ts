import type { VolumeId } from '@bakehouse/domain';
import { readBlockGraph } from './block-graph.ts';
import { viewsOf } from './frozen-view.ts';
import { stopDaemon, withRunningDaemon } from './storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';

/**
 * Ends a storage daemon that only hydrates the disk, since whoever asks wants the disk. False when the daemon
 * serves a view: that has to be thawed first. To be called with the volume's lock.
 */
export async function freeFromDaemon(context: VolumeContext, volumeId: VolumeId): Promise<boolean> {
  const answer = await withRunningDaemon(context, volumeId, async (monitor) =>
    viewsOf(await readBlockGraph(monitor)),
  );
  if (!answer) return true;
  if (answer.result.length > 0) return false;
  await stopDaemon(context, volumeId);
  return true;
}
