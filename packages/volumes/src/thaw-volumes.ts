import { rm, stat } from 'node:fs/promises';
import type { FreezeVolume, InstanceId } from '@bakehouse/domain';
import { QmpClosedError } from '@bakehouse/qmp';
import { readBlockGraph } from './block-graph.ts';
import { diskNode } from './block-names.ts';
import { instanceNbdSocket } from './freeze-volumes.ts';
import { endView, viewsOf } from './frozen-view.ts';
import { planBitmapsAtThaw, type ThawOutcome } from './plan-thaw.ts';
import { qemuImg } from './qemu-img.ts';
import { daemonFiles, stopDaemon, withRunningDaemon } from './storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';

export interface ThawRequest {
  readonly volume: FreezeVolume;
  readonly outcome: ThawOutcome;
  readonly instanceId?: InstanceId;
}

/**
 * Ends one view wherever it is: in the storage daemon, in the machine, or, when both are gone, as what
 * they left in files.
 */
export async function thawVolume(context: VolumeContext, request: ThawRequest): Promise<void> {
  await context.locks.run([request.volume.volumeId], async () => {
    if (await thawInDaemon(context, request)) return;
    if (await thawInMachine(context, request)) return;
    await thawFiles(context, request);
  });
}

async function thawInDaemon(context: VolumeContext, request: ThawRequest): Promise<boolean> {
  const { volume } = request;
  const answer = await withRunningDaemon(context, volume.volumeId, async (monitor) => {
    const socketPath = daemonFiles(context.runtimeDirectory, volume.volumeId).nbd;
    await endView(context, monitor, { ...request, socketPath });
    return viewsOf(await readBlockGraph(monitor));
  });
  if (answer?.result.length === 0) await stopDaemon(context, volume.volumeId);
  return answer !== undefined;
}

async function thawInMachine(
  context: VolumeContext,
  { volume, outcome, instanceId }: ThawRequest,
): Promise<boolean> {
  const monitorPath = instanceId && context.instanceSockets(instanceId);
  if (instanceId === undefined || monitorPath === undefined) return false;
  try {
    return await context.monitors.use(monitorPath, async (monitor) => {
      const { nodes } = await readBlockGraph(monitor);
      if (!nodes.has(diskNode(volume.volumeId))) return false;
      const socketPath = instanceNbdSocket(context, instanceId);
      await endView(context, monitor, { volume, outcome, socketPath });
      return true;
    });
  } catch (error) {
    // If the machine lives after all, the image lock refuses what comes next.
    if (error instanceof QmpClosedError) return false;
    throw error;
  }
}

async function thawFiles(context: VolumeContext, { volume, outcome }: ThawRequest): Promise<void> {
  const path = context.paths.disk(volume.volumeId);
  const isThere = await stat(path).catch(() => undefined);
  if (!isThere) return;
  const img = qemuImg(context.limits.toolTimeoutMs);
  const bitmaps = await img.bitmaps(path);
  for (const name of planBitmapsAtThaw(bitmaps, volume, { outcome, isLastView: true })) {
    await img.removeBitmap(path, name);
  }
  await rm(context.paths.fleece(volume.volumeId, volume.snapshotId), { force: true });
}
