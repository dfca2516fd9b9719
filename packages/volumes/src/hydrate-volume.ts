import type { HydrateOptions, InstanceId, VolumeId } from '@bakehouse/domain';
import { QmpClosedError, QmpError, QmpTimeoutError } from '@bakehouse/qmp';
import { type BlockGraph, readBlockGraph } from './block-graph.ts';
import { diskNode, hydrateJob, originNode } from './block-names.ts';
import { planDiskNode } from './blockdev-chain.ts';
import { diskChain } from './disk-chain.ts';
import { readDiskRecord, writeDiskRecord } from './disk-record.ts';
import { freeFromDaemon } from './free-from-daemon.ts';
import { viewsOfVolume } from './frozen-view.ts';
import type { Monitor } from './monitor-pool.ts';
import { cancelJob } from './nbd-server.ts';
import { startDaemon, withRunningDaemon } from './storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';
import { VolumeTimeoutError } from './volume-errors.ts';

/** A disk in a machine, or (without one) at rest. */
export interface DiskPlace {
  readonly volumeId: VolumeId;
  readonly instanceId?: InstanceId;
}

/**
 * Streams the origin into the overlay. False: not complete, ask again: aborted, the machine is gone or
 * does not have the disk, a freeze or a resize wanted the disk, or the origin could not be read. What was
 * copied stays copied.
 */
export async function hydrateVolume(
  context: VolumeContext,
  place: DiskPlace,
  options: HydrateOptions,
): Promise<boolean> {
  const { volumeId, instanceId } = place;
  const { originMapId } = await readDiskRecord(context.paths, volumeId);
  if (originMapId === undefined) return true;
  if (options.signal.aborted) return false;
  try {
    if (instanceId === undefined) return await hydrateResting(context, volumeId, options);
    return await hydrateLive(context, { volumeId, instanceId }, options);
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

/** Ends the copying, whoever began it; the disk is as free as without. */
export async function endHydration(context: VolumeContext, place: DiskPlace): Promise<void> {
  const { volumeId, instanceId } = place;
  await context.locks.run([volumeId], async () => {
    await freeFromDaemon(context, volumeId);
    const monitorPath = instanceId && context.instanceSockets(instanceId);
    if (monitorPath === undefined) return;
    try {
      await context.monitors.use(monitorPath, (monitor) =>
        cancelJob(monitor, hydrateJob(volumeId), context.limitsOfWait),
      );
    } catch (error) {
      if (!(error instanceof QmpClosedError)) throw error;
    }
  });
}

async function hydrateLive(
  context: VolumeContext,
  { volumeId, instanceId }: Required<DiskPlace>,
  options: HydrateOptions,
): Promise<boolean> {
  const monitorPath = context.instanceSockets(instanceId);
  if (monitorPath === undefined) return false;
  const stream = { volumeId, options };
  return context.monitors.use(monitorPath, async (monitor) => {
    const locked = <Result>(work: () => Promise<Result>) => context.locks.run([volumeId], work);
    if (!(await locked(() => startStream(context, monitor, stream)))) return false;
    await streamEnds(context, monitor, stream);
    return locked(() => settle(context, monitor, volumeId));
  });
}

/** A storage daemon holds the disk as long as it streams; it ends with the stream, however that ends. */
async function hydrateResting(
  context: VolumeContext,
  volumeId: VolumeId,
  options: HydrateOptions,
): Promise<boolean> {
  const stream = { volumeId, options };
  const locked = <Result>(work: () => Promise<Result>) => context.locks.run([volumeId], work);
  const inDaemon = async (work: (monitor: Monitor) => Promise<boolean>) =>
    (await withRunningDaemon(context, volumeId, work))?.result ?? false;
  const begun = await locked(async () => {
    if (!(await freeFromDaemon(context, volumeId))) return false;
    await startDaemon(context, volumeId, await diskChain(context, { volumeId }));
    return inDaemon((monitor) => startStream(context, monitor, stream));
  });
  if (!begun) return false;
  try {
    await inDaemon(async (monitor) => {
      await streamEnds(context, monitor, stream);
      return true;
    });
    return await locked(() => inDaemon((monitor) => settle(context, monitor, volumeId)));
  } finally {
    await locked(() => freeFromDaemon(context, volumeId));
  }
}

interface Stream {
  readonly volumeId: VolumeId;
  readonly options: HydrateOptions;
}

/** False when there is nothing to stream now. */
async function startStream(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, options }: Stream,
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  if (!graph.nodes.has(diskNode(volumeId))) return false;
  if (graph.jobs.has(hydrateJob(volumeId)) || !graph.nodes.has(originNode(volumeId))) return true;
  if (options.signal.aborted || viewsOfVolume(graph, volumeId).length > 0) return false;
  await monitor.execute('block-stream', {
    'job-id': hydrateJob(volumeId),
    device: diskNode(volumeId),
    speed: options.bytesPerSecond ?? context.limits.hydrateBytesPerSecond,
  });
  return true;
}

/** Resolves when the job is gone, by whatever end; an abort cancels it. */
async function streamEnds(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, options: { signal, onProgress } }: Stream,
): Promise<void> {
  const name = hydrateJob(volumeId);
  for (;;) {
    const job = (await readBlockGraph(monitor)).jobs.get(name);
    if (!job) return;
    if (signal.aborted) return cancelJob(monitor, name, context.limitsOfWait);
    onProgress?.(job);
    await context.clock.sleep(context.limits.hydratePollMs, signal).catch(() => {});
  }
}

/**
 * After a complete stream nothing uses the origin, so it can be taken away; else QEMU refuses. What was copied
 * is on the disk before the record forgets where it came from: QEMU keeps the tables of the copy in memory,
 * and opening the node anew, as it will be from now on, makes QEMU flush it, or say why it cannot.
 */
async function settle(
  context: VolumeContext,
  monitor: Monitor,
  volumeId: VolumeId,
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  if (!graph.nodes.has(diskNode(volumeId)) || isOriginUsed(graph, volumeId)) return false;
  const reopened = planDiskNode({ volumeId, readOnly: false, hasOrigin: false });
  await monitor.execute('blockdev-reopen', { options: [reopened] });
  const origin = originNode(volumeId);
  if (graph.nodes.has(origin)) await monitor.execute('blockdev-del', { 'node-name': origin });
  await writeDiskRecord(context.paths, volumeId, {});
  return true;
}

function isOriginUsed(graph: BlockGraph, volumeId: VolumeId): boolean {
  return graph.nodes.get(diskNode(volumeId))?.hasBacking !== false;
}
