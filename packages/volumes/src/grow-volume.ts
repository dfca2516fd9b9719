import type { InstanceId, VolumeId } from '@bakehouse/domain';
import { readBlockGraph } from './block-graph.ts';
import { diskNode, hydrateJob } from './block-names.ts';
import { isNotFound } from './disk-record.ts';
import { dropUntrueBitmaps, untrueBitmaps } from './drop-untrue-bitmaps.ts';
import { freeFromDaemon } from './free-from-daemon.ts';
import { viewsOfVolume } from './frozen-view.ts';
import type { Monitor } from './monitor-pool.ts';
import { cancelJob } from './nbd-server.ts';
import { readQcow2Size } from './qcow2-header.ts';
import { qemuImg } from './qemu-img.ts';
import type { VolumeContext } from './volume-context.ts';
import { DiskFrozenError, DiskMissingError } from './volume-errors.ts';

export interface GrowRequest {
  readonly volumeId: VolumeId;
  readonly sizeBytes: number;
  readonly instanceId?: InstanceId;
}

/** Grows the disk in the machine that has it, else in its file. Of that size already: no-op. */
export async function growVolume(context: VolumeContext, request: GrowRequest): Promise<void> {
  const { volumeId, sizeBytes, instanceId } = request;
  await context.locks.run([volumeId], async () => {
    const path = context.paths.disk(volumeId);
    const beforeBytes = await readQcow2Size(path).catch((error: unknown) => {
      if (isNotFound(error)) throw new DiskMissingError(volumeId, `in ${context.paths.directory}`);
      throw error;
    });
    if (sizeBytes === beforeBytes) return;
    if (sizeBytes < beforeBytes || sizeBytes % 512 !== 0) {
      throw new RangeError(`cannot resize ${volumeId} from ${beforeBytes} to ${sizeBytes} bytes`);
    }
    if (!(await freeFromDaemon(context, volumeId))) throw new DiskFrozenError(volumeId, 'grow', []);
    const monitorPath = instanceId && context.instanceSockets(instanceId);
    const isLive =
      monitorPath !== undefined &&
      (await context.monitors.use(monitorPath, (monitor) => growLive(context, monitor, request)));
    if (!isLive) await growFile(context, path, sizeBytes);
  });
}

async function growFile(context: VolumeContext, path: string, sizeBytes: number): Promise<void> {
  const img = qemuImg(context.limits.toolTimeoutMs);
  for (const name of untrueBitmaps(await img.bitmaps(path))) await img.removeBitmap(path, name);
  await img.resize(path, sizeBytes);
}

/** False when the machine does not have the disk. Hydration is interrupted: QEMU resizes no busy disk. */
async function growLive(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, sizeBytes }: GrowRequest,
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  const node = graph.nodes.get(diskNode(volumeId));
  if (!node) return false;
  const views = viewsOfVolume(graph, volumeId);
  if (views.length > 0) throw new DiskFrozenError(volumeId, 'grow', views);
  await cancelJob(monitor, hydrateJob(volumeId), context.limitsOfWait);
  await dropUntrueBitmaps(monitor, volumeId, node.bitmaps);
  await monitor.execute('block_resize', { 'node-name': diskNode(volumeId), size: sizeBytes });
  return true;
}
