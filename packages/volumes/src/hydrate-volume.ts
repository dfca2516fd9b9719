import type { InstanceId, VolumeId } from '@bakehouse/domain';
import { QmpClosedError, QmpError, QmpTimeoutError } from '@bakehouse/qmp';
import { type BlockGraph, readBlockGraph } from './block-graph.ts';
import { diskNode, hydrateJob, originNode } from './block-names.ts';
import { readDiskRecord, writeDiskRecord } from './disk-record.ts';
import { viewsOfVolume } from './frozen-view.ts';
import type { Monitor } from './monitor-pool.ts';
import { cancelJob } from './nbd-server.ts';
import type { VolumeContext } from './volume-context.ts';
import { VolumeTimeoutError } from './volume-errors.ts';

export interface HydrateRequest {
  readonly volumeId: VolumeId;
  readonly instanceId: InstanceId;
  readonly signal: AbortSignal;
}

/**
 * Streams the origin into the overlay. False: not complete, ask again: aborted, the machine is gone or
 * does not have the disk, a freeze or a resize wanted the disk, or the origin could not be read. What was
 * copied stays copied.
 */
export async function hydrateVolume(
  context: VolumeContext,
  request: HydrateRequest,
): Promise<boolean> {
  const { volumeId, instanceId, signal } = request;
  const { originMapId } = await readDiskRecord(context.paths, volumeId);
  if (originMapId === undefined) return true;
  const monitorPath = context.instanceSockets(instanceId);
  if (monitorPath === undefined) return false;
  try {
    return await context.monitors.use(monitorPath, async (monitor) => {
      const locked = <Result>(work: () => Promise<Result>) => context.locks.run([volumeId], work);
      if (!(await locked(() => startStream(context, monitor, volumeId)))) return false;
      await streamEnds(context, monitor, { volumeId, signal });
      return locked(() => settle(context, monitor, volumeId));
    });
  } catch (error) {
    if (interruptions.some((kind) => error instanceof kind) && error instanceof Error) {
      context.logger.log('info', 'hydration interrupted', { volumeId, why: error.message });
      return false;
    }
    throw error;
  }
}

/** What a machine that ends, refuses, or waits for its block server does to a hydration. */
const interruptions = [QmpClosedError, QmpError, QmpTimeoutError, VolumeTimeoutError];

/** False when there is nothing to stream now. */
async function startStream(
  context: VolumeContext,
  monitor: Monitor,
  volumeId: VolumeId,
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  if (!graph.nodes.has(diskNode(volumeId))) return false;
  if (graph.jobs.has(hydrateJob(volumeId)) || !graph.nodes.has(originNode(volumeId))) return true;
  if (viewsOfVolume(graph, volumeId).length > 0) return false;
  await monitor.execute('block-stream', {
    'job-id': hydrateJob(volumeId),
    device: diskNode(volumeId),
    speed: context.limits.hydrateBytesPerSecond,
  });
  return true;
}

/** Resolves when the job is gone, by whatever end; an abort cancels it. */
async function streamEnds(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, signal }: { volumeId: VolumeId; signal: AbortSignal },
): Promise<void> {
  const job = hydrateJob(volumeId);
  while ((await readBlockGraph(monitor)).jobs.has(job)) {
    if (signal.aborted) return cancelJob(monitor, job, context.limitsOfWait);
    await context.clock.sleep(context.limits.hydratePollMs, signal).catch(() => {});
  }
}

/** After a complete stream nothing uses the origin, so it can be taken away; else QEMU refuses. */
async function settle(
  context: VolumeContext,
  monitor: Monitor,
  volumeId: VolumeId,
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  if (!isOriginUsed(graph, volumeId)) {
    const origin = originNode(volumeId);
    if (graph.nodes.has(origin)) await monitor.execute('blockdev-del', { 'node-name': origin });
    await writeDiskRecord(context.paths, volumeId, {});
    return true;
  }
  return false;
}

function isOriginUsed(graph: BlockGraph, volumeId: VolumeId): boolean {
  return graph.nodes.get(diskNode(volumeId))?.hasBacking !== false;
}
