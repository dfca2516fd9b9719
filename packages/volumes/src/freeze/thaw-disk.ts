import type { FreezeVolume, InstanceId } from '@bakehouse/domain';
import { exists } from '@bakehouse/host';
import { QmpClosedError } from '@bakehouse/qmp';
import { removeFleece } from '../disks/machine-door.ts';
import { readBlockGraph } from '../qemu/block-graph.ts';
import { findDaemonFiles } from '../qemu/daemon-files.ts';
import { qemuImg } from '../qemu/qemu-img.ts';
import { stopDaemon, withRunningDaemon } from '../qemu/storage-daemon.ts';
import type { VolumeContext } from '../volume-context.ts';
import { diskNode } from './block-names.ts';
import { instanceNbdSocket } from './freeze-disks.ts';
import { endView } from './frozen-view.ts';
import { planBitmapsAtThaw, type ThawOutcome } from './plan-thaw.ts';
import { viewsOf } from './views.ts';

export interface ThawRequest {
  readonly volume: FreezeVolume;
  readonly outcome: ThawOutcome;
  readonly instanceId?: InstanceId;
}

/**
 * Ends one view wherever it is: in the storage daemon, in the machine, or, when both have ended, in the files that
 * they left.
 */
export async function thawDisk(context: VolumeContext, request: ThawRequest): Promise<void> {
  await context.locks.run([request.volume.volumeId], async () => {
    if (await thawInDaemon(context, request)) return;
    if (await thawInMachine(context, request)) return;
    await thawFiles(context, request);
  });
}

async function thawInDaemon(context: VolumeContext, request: ThawRequest): Promise<boolean> {
  const { volume } = request;
  const running = await withRunningDaemon(context, volume.volumeId, async (monitor) => {
    const socketPath = (await findDaemonFiles(context, volume.volumeId)).nbd;
    await endView(context, monitor, { ...request, socketPath });
    return viewsOf(await readBlockGraph(monitor));
  });
  if (running?.result.length === 0) await stopDaemon(context, volume.volumeId);
  return running !== undefined;
}

/** False when the machine has ended, or does not have the disk. */
async function thawInMachine(
  context: VolumeContext,
  { volume, outcome, instanceId }: ThawRequest,
): Promise<boolean> {
  const monitorPath = instanceId && context.instanceSockets(instanceId);
  if (instanceId === undefined || monitorPath === undefined) return false;
  const thaw = () =>
    context.monitors.visit(monitorPath, async (monitor) => {
      const { nodes } = await readBlockGraph(monitor);
      if (!nodes.has(diskNode(volume.volumeId))) return false;
      const socketPath = await instanceNbdSocket(context, instanceId);
      await endView(context, monitor, { volume, outcome, socketPath });
      return true;
    });
  // A connection that is lost may mean that the machine ends: then nobody answers the next time.
  const visit = await thaw().catch((error: unknown) => {
    if (error instanceof QmpClosedError) return thaw();
    throw error;
  });
  return visit?.result ?? false;
}

async function thawFiles(context: VolumeContext, { volume, outcome }: ThawRequest): Promise<void> {
  const path = context.paths.disk(volume.volumeId);
  if (!(await exists(path))) return;
  // QEMU's image lock refuses this when the machine runs after all.
  const img = qemuImg(context);
  const bitmaps = await img.bitmaps(path);
  for (const name of planBitmapsAtThaw(bitmaps, volume, { outcome, isLastView: true })) {
    await img.removeBitmap(path, name);
  }
  await removeFleece(context, context.paths.fleece(volume.volumeId, volume.snapshotId));
}
