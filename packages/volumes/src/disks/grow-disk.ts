import type { InstanceId, VolumeId } from '@bakehouse/domain';
import { isMissing } from '@bakehouse/host';
import { diskNode, hydrateJob } from '../freeze/block-names.ts';
import { bitmapsOf, viewsOfVolume } from '../freeze/views.ts';
import { wrongBitmaps } from '../freeze/wrong-bitmaps.ts';
import { readBlockGraph } from '../qemu/block-graph.ts';
import { endJobsAndExports } from '../qemu/end-jobs.ts';
import type { Monitor } from '../qemu/monitor-pool.ts';
import { qemuImg } from '../qemu/qemu-img.ts';
import { releaseFromDaemon } from '../qemu/release-daemon.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskFrozenError, DiskMissingError } from '../volume-errors.ts';
import { readQcow2Size } from './qcow2-header.ts';

export interface GrowRequest {
  readonly volumeId: VolumeId;
  readonly sizeBytes: number;
  readonly instanceId?: InstanceId;
}

/** Grows the disk in the machine that has it, else in its file. A no-op when it has that size already. */
export async function growDisk(context: VolumeContext, request: GrowRequest): Promise<void> {
  const { volumeId, sizeBytes, instanceId } = request;
  await context.locks.run([volumeId], async () => {
    const path = context.paths.disk(volumeId);
    const beforeBytes = await readQcow2Size(path).catch((error: unknown) => {
      if (isMissing(error)) throw new DiskMissingError(volumeId, `in ${context.paths.directory}`);
      throw error;
    });
    if (sizeBytes === beforeBytes) return;
    if (sizeBytes < beforeBytes || sizeBytes % 512 !== 0) {
      throw new RangeError(`cannot resize ${volumeId} from ${beforeBytes} to ${sizeBytes} bytes`);
    }
    if (!(await releaseFromDaemon(context, volumeId))) {
      throw new DiskFrozenError(volumeId, 'grow', []);
    }
    const monitorPath = instanceId && context.instanceSockets(instanceId);
    const isLive =
      monitorPath !== undefined &&
      (await context.monitors.use(monitorPath, (monitor) => growLive(context, monitor, request)));
    if (!isLive) await growFile(context, path, sizeBytes);
  });
}

async function growFile(context: VolumeContext, path: string, sizeBytes: number): Promise<void> {
  const img = qemuImg(context);
  for (const name of wrongBitmaps(await img.bitmaps(path))) await img.removeBitmap(path, name);
  await img.resize(path, sizeBytes);
}

/** False when the machine does not have the disk. Interrupts hydration: QEMU resizes no disk with a job. */
async function growLive(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, sizeBytes }: GrowRequest,
): Promise<boolean> {
  const found = await readBlockGraph(monitor);
  const node = diskNode(volumeId);
  if (!found.nodes.has(node)) return false;
  const views = viewsOfVolume(found, volumeId);
  if (views.length > 0) throw new DiskFrozenError(volumeId, 'grow', views);
  const jobs = [hydrateJob(volumeId)];
  const graph = await endJobsAndExports(monitor, { jobs }, context.limitsOfWait, found);
  for (const name of wrongBitmaps(bitmapsOf(graph, volumeId))) {
    await monitor.execute('block-dirty-bitmap-remove', { node, name });
  }
  await monitor.execute('block_resize', { 'node-name': node, size: sizeBytes });
  return true;
}
