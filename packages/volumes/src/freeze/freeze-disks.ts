import { join } from 'node:path';
import { allEnded, messageOf } from '@bakehouse/base';
import {
  BlockStoreUnreachableError,
  type FreezeVolume,
  type FrozenVolume,
  type InstanceId,
} from '@bakehouse/domain';
import { exists } from '@bakehouse/host';
import { connectUnixSocket } from '@bakehouse/qmp';
import { diskChain } from '../disks/disk-chain.ts';
import { readDiskRecord } from '../disks/disk-record.ts';
import { machineSocketFolder } from '../disks/machine-door.ts';
import { type BlockGraph, readBlockGraph } from '../qemu/block-graph.ts';
import { findDaemonFiles } from '../qemu/daemon-files.ts';
import { endJobsAndExports } from '../qemu/end-jobs.ts';
import { executeAll, type Monitor } from '../qemu/monitor-pool.ts';
import { ensureNbdServer } from '../qemu/nbd-server.ts';
import { startDaemon, withRunningDaemon } from '../qemu/storage-daemon.ts';
import type { VolumeContext } from '../volume-context.ts';
import { DiskMissingError, VolumeTimeoutError } from '../volume-errors.ts';
import { diskNode, hydrateJob } from './block-names.ts';
import { openEarlierFleece } from './earlier-fleece.ts';
import { dismantleView, prepareView, serveViews, usingNbdServer } from './frozen-view.ts';
import { planBitmaps, planFreeze } from './plan-freeze.ts';
import { isFrozenLive } from './views.ts';

/** Where a machine's own NBD server listens. One of a release without jails has no folder for its sockets. */
export async function instanceNbdSocket(
  context: VolumeContext,
  instanceId: InstanceId,
): Promise<string> {
  const folder = machineSocketFolder(context, instanceId);
  return (await exists(folder)) ? join(folder, 'nbd') : `${folder}.nbd`;
}

/** See `VolumeFreezer.freeze`. docs/captures.md has the whole story. */
export async function freezeDisks(
  context: VolumeContext,
  volumes: readonly FreezeVolume[],
  instanceId?: InstanceId,
): Promise<readonly FrozenVolume[]> {
  const ids = volumes.map(({ volumeId }) => volumeId);
  return context.locks.run(ids, async () => {
    await assertExporterServes(context, volumes);
    if (instanceId !== undefined) return freezeRunning(context, volumes, instanceId);
    const views = volumes.map((volume) => freezeResting(context, volume));
    return (await allEnded(views)).flat();
  });
}

async function freezeRunning(
  context: VolumeContext,
  volumes: readonly FreezeVolume[],
  instanceId: InstanceId,
): Promise<readonly FrozenVolume[]> {
  const monitorPath = context.instanceSockets(instanceId);
  const [first] = volumes;
  if (first === undefined) return [];
  if (monitorPath === undefined) {
    throw new DiskMissingError(first.volumeId, `in a machine: ${instanceId} does not run`);
  }
  const socketPath = await instanceNbdSocket(context, instanceId);
  return context.monitors.use(monitorPath, (monitor) =>
    usingNbdServer(context, socketPath, async () => {
      const found = await readBlockGraph(monitor);
      assertHasDisks(found, volumes);
      // The views were frozen together. If one is lost, so is their instant: all are made again.
      const fresh = !volumes.every((volume) => isFrozenLive(found, volume));
      const [graph] = await allEnded([
        fresh ? freezeLive(context, monitor, { volumes, found, instanceId }) : found,
        ensureNbdServer(monitor, socketPath),
      ]);
      return serveViews(context, monitor, { volumes, socketPath, fresh, graph });
    }),
  );
}

function assertHasDisks(graph: BlockGraph, volumes: readonly FreezeVolume[]): void {
  for (const { volumeId } of volumes) {
    if (!graph.nodes.has(diskNode(volumeId))) {
      throw new DiskMissingError(volumeId, 'in the running machine');
    }
  }
}

interface LiveFreeze {
  readonly volumes: readonly FreezeVolume[];
  readonly found: BlockGraph;
  readonly instanceId: InstanceId;
}

/**
 * Fixes the content of all volumes at one instant, under a guest that writes. All that takes time is done before the
 * transaction. A failure leaves fleeces and bitmaps, which the next freeze or the thaw takes down. Returns the graph
 * of after the freeze.
 */
async function freezeLive(
  context: VolumeContext,
  monitor: Monitor,
  { volumes, found, instanceId }: LiveFreeze,
): Promise<BlockGraph> {
  const graph = await clearForFreeze(context, monitor, { volumes, found });
  await allEnded(
    volumes.map((volume) => prepareView(context, monitor, { volume, graph, instanceId })),
  );
  const startedAt = performance.now();
  await executeAll(monitor, [planFreeze(volumes)]);
  const pauseMs = Math.round((performance.now() - startedAt) * 100) / 100;
  context.logger.log('info', 'volumes frozen', { volumes: volumes.length, pauseMs });
  return readBlockGraph(monitor);
}

/** Ends hydrations of these disks, and what an earlier freeze of the same snapshots has left. */
async function clearForFreeze(
  context: VolumeContext,
  monitor: Monitor,
  { volumes, found }: { readonly volumes: readonly FreezeVolume[]; readonly found: BlockGraph },
): Promise<BlockGraph> {
  for (const volume of volumes) await dismantleView(context, monitor, volume, found);
  const jobs = volumes.map(({ volumeId }) => hydrateJob(volumeId));
  return endJobsAndExports(monitor, { jobs }, context.limitsOfWait, found);
}

async function freezeResting(
  context: VolumeContext,
  volume: FreezeVolume,
): Promise<readonly FrozenVolume[]> {
  const { volumeId } = volume;
  const freeze = (monitor: Monitor) => freezeInDaemon(context, monitor, volume);
  const running = await withRunningDaemon(context, volumeId, freeze);
  if (running) return running.result;
  await startDaemon(context, volumeId, await diskChain(context, { volumeId }));
  const started = await withRunningDaemon(context, volumeId, freeze);
  if (!started) throw new VolumeTimeoutError(`the storage daemon of ${volumeId} ended at once`);
  return started.result;
}

/** Nobody writes a disk that a storage daemon holds: its content is fixed as it is. */
async function freezeInDaemon(
  context: VolumeContext,
  monitor: Monitor,
  volume: FreezeVolume,
): Promise<readonly FrozenVolume[]> {
  const { volumeId, snapshotId } = volume;
  const socketPath = (await findDaemonFiles(context, volumeId)).nbd;
  const [hasEarlierView] = await allEnded([
    openEarlierFleece(context, monitor, volume),
    ensureNbdServer(monitor, socketPath),
  ]);
  const jobs = [hydrateJob(volumeId)];
  const graph = await endJobsAndExports(monitor, { jobs }, context.limitsOfWait);
  const isServed = graph.exports.has(snapshotId);
  if (!isServed) await executeAll(monitor, planBitmaps(volume, graph));
  const fresh = !isServed && !hasEarlierView;
  const after = isServed ? graph : await readBlockGraph(monitor);
  return serveViews(context, monitor, { volumes: [volume], socketPath, fresh, graph: after });
}

/**
 * A freeze waits for the guest's requests in flight, and those may wait for the block server as long as an hour. So
 * it is refused while that server does not respond, instead of stopping the guest.
 */
async function assertExporterServes(
  context: VolumeContext,
  volumes: readonly FreezeVolume[],
): Promise<void> {
  for (const { volumeId } of volumes) {
    const { originMapId } = await readDiskRecord(context.paths, volumeId);
    if (originMapId === undefined) continue;
    const signal = AbortSignal.timeout(context.limits.settleTimeoutMs);
    const path = context.exporterSocketPath;
    const socket = await connectUnixSocket(path, signal).catch((cause: unknown) => {
      const problem = `the block server does not serve disks at ${path} (${messageOf(cause)})`;
      throw new BlockStoreUnreachableError(`${problem}; is it running?`, { cause });
    });
    socket.destroy();
    return;
  }
}
