import type { VolumeId } from '@bakehouse/domain';
import { viewsOf } from '../freeze/views.ts';
import type { VolumeContext } from '../volume-context.ts';
import { readBlockGraph } from './block-graph.ts';
import { stopDaemon, withRunningDaemon } from './storage-daemon.ts';

/**
 * Ends a storage daemon that only hydrates the disk, for a caller that wants the disk and holds the volume's lock.
 * Resolves to false when the daemon serves a view, which has to be thawed first.
 */
export async function releaseFromDaemon(
  context: VolumeContext,
  volumeId: VolumeId,
): Promise<boolean> {
  const running = await withRunningDaemon(context, volumeId, async (monitor) =>
    viewsOf(await readBlockGraph(monitor)),
  );
  if (!running) return true;
  if (running.result.length > 0) return false;
  await stopDaemon(context, volumeId);
  return true;
}
