import type { HydrateOptions, InstanceId, VolumeId } from '@bakehouse/domain';
import { QmpClosedError, QmpError, QmpTimeoutError } from '@bakehouse/qmp';
import { planDiskNode } from './disks/blockdev-chain.ts';
import { diskChain } from './disks/disk-chain.ts';
import { readDiskRecord, writeDiskRecord } from './disks/disk-record.ts';
import { takeHotFromDoors } from './disks/machine-door.ts';
import { diskNode, hydrateJob, originNode } from './freeze/block-names.ts';
import { viewsOfVolume } from './freeze/views.ts';
import { type BlockGraph, readBlockGraph } from './qemu/block-graph.ts';
import { endJobsAndExports } from './qemu/end-jobs.ts';
import type { Monitor } from './qemu/monitor-pool.ts';
import { releaseFromDaemon } from './qemu/release-daemon.ts';
import { startDaemon, withRunningDaemon } from './qemu/storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';
import { VolumeTimeoutError } from './volume-errors.ts';

/** A disk in a machine, or (without one) at rest. */
export interface DiskPlace {
  readonly volumeId: VolumeId;
  readonly instanceId?: InstanceId;
}

/**
 * Streams the origin into the overlay. Resolves to false when it is not complete and should be tried again: it was
 * aborted, the machine ended or does not have the disk, a freeze or a resize needed the disk, or the origin could
 * not be read. What was copied stays copied.
 */
export async function hydrateDisk(
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
      context.logger.log('info', 'hydration interrupted', { volumeId, reason: error.message });
      return false;
    }
    throw error;
  }
}

/** The errors of a machine that ends, refuses, or waits for its block server. */
const interruptions = [QmpClosedError, QmpError, QmpTimeoutError, VolumeTimeoutError];

/** Ends the copying, whoever began it. */
export async function endHydration(context: VolumeContext, place: DiskPlace): Promise<void> {
  const { volumeId, instanceId } = place;
  await context.locks.run([volumeId], async () => {
    await releaseFromDaemon(context, volumeId);
    const monitorPath = instanceId && context.instanceSockets(instanceId);
    if (monitorPath === undefined) return;
    try {
      await context.monitors.use(monitorPath, (monitor) =>
        endJobsAndExports(monitor, { jobs: [hydrateJob(volumeId)] }, context.limitsOfWait),
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
    const start = () => {
      context.beingFilled.add(volumeId);
      return startStream(context, monitor, stream);
    };
    try {
      if (!(await locked(start))) return false;
      await streamEnds(context, monitor, stream);
    } finally {
      // Also when QEMU does not respond, and may copy on: what it writes then counts as its guest's.
      context.beingFilled.delete(volumeId);
    }
    return locked(() => settle(context, monitor, volumeId));
  });
}

/** A storage daemon holds the disk while it streams, and is stopped after the stream, however that ends. */
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
    if (!(await releaseFromDaemon(context, volumeId))) return false;
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
    await locked(() => releaseFromDaemon(context, volumeId));
  }
}

interface Stream {
  readonly volumeId: VolumeId;
  readonly options: HydrateOptions;
}

/** False when the stream cannot run now. */
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

/** Resolves when the job has ended, however; an abort cancels it. */
async function streamEnds(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, options: { signal, onProgress } }: Stream,
): Promise<void> {
  const name = hydrateJob(volumeId);
  for (;;) {
    const job = (await readBlockGraph(monitor)).jobs.get(name);
    if (!job) return;
    if (signal.aborted) {
      await endJobsAndExports(monitor, { jobs: [name] }, context.limitsOfWait);
      return;
    }
    onProgress?.(job);
    await context.clock.sleep(context.limits.hydratePollMs, signal).catch(() => {});
  }
}

/**
 * After a complete stream nothing uses the origin, so it can be removed; otherwise QEMU refuses. What was copied has
 * to be on the disk before the record drops the origin, and QEMU keeps the tables of the copy in memory: reopening
 * the node without its origin makes QEMU flush them, or report why it cannot.
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
  // Before the record: a hot map that no record names may be dropped, and a link would keep its space.
  await takeHotFromDoors(context, volumeId);
  await writeDiskRecord(context.paths, volumeId, {});
  return true;
}

function isOriginUsed(graph: BlockGraph, volumeId: VolumeId): boolean {
  return graph.nodes.get(diskNode(volumeId))?.hasBacking !== false;
}
